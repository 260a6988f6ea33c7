import type { Identity } from '@billhook/runtime';

/** Who sent a request, and from where: what is announced with everything a user does. */
export interface Caller {
  userId: string;
  email: string | null;
  remoteAddress: string;
  userAgent: string | undefined;
  requestId: string;
}

const longestUserAgent = 256;

/** Control characters are taken out of the user agent, so that it cannot forge a line in a log or a terminal. */
export function toCaller(
  identity: Identity,
  request: { ip: string; id: string; headers: { 'user-agent'?: string } },
): Caller {
  const userAgent = request.headers['user-agent']?.replace(/\p{Cc}/gu, ' ').slice(0, longestUserAgent);
  return {
    userId: identity.userId,
    email: identity.email,
    remoteAddress: request.ip,
    userAgent,
    requestId: request.id,
  };
}
