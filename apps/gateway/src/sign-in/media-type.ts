import type { Access } from './access.js';

const ofAccess: Record<Access, string> = { api: 'application/json', page: 'application/x-www-form-urlencoded' };

/**
 * Whether a body may come as what it says it is: JSON on `/v1`, which no form of another site can send, and forms from pages.
 * Without a body there is nothing to say.
 */
export function isAcceptedMediaType(access: Access, contentType: string | undefined): boolean {
  return contentType === undefined || contentType.split(';')[0]?.trim().toLowerCase() === ofAccess[access];
}
