import type { AccountAnswer } from './account-answer.js';

/** A server-sent event with the account as `GET /v1/account` answers it; its id is the version, to go on from. */
export function accountFrame(account: AccountAnswer): string {
  return `event: account\nid: ${account.version}\ndata: ${JSON.stringify(account)}\n\n`;
}

/** A comment, which browsers pass over: it keeps proxies from taking a quiet stream for a dead one. */
export const heartbeatFrame = ':\n\n';

/** How long a browser is to wait before it comes back. */
export function retryFrame(milliseconds: number): string {
  return `retry: ${milliseconds}\n\n`;
}

/** What a browser has been told. A change that is pending has no version of its own. */
export function accountKey({ version, pending }: AccountAnswer): string {
  return `${version}/${pending?.change ?? ''}/${pending?.requested_at ?? ''}`;
}

/** The version that a browser says it has heard of; null for anything that is none. */
export function toLastVersion(lastEventId: unknown): number | null {
  return typeof lastEventId === 'string' && /^\d{1,15}$/.test(lastEventId) ? Number(lastEventId) : null;
}
