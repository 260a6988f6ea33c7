import type { Identity, Role } from '@billhook/runtime';

/** Who sent a request, in which role, and from where: what is announced with everything a user does. */
export interface Caller {
  userId: string;
  email: string | null;
  /** The role that let them in: a route asks for one. */
  role: Role;
  remoteAddress: string;
  userAgent: string | undefined;
  requestId: string;
  /** When the token ends, in seconds. */
  expiresAt: number;
}

const longestUserAgent = 256;

/** Where a request comes from, as far as it can be told. */
export function originOf(request: {
  ip: string;
  id: string;
  headers: { 'user-agent'?: string };
}): Pick<Caller, 'remoteAddress' | 'userAgent' | 'requestId'> {
  // Control characters are taken out, so that a user agent cannot forge a line in a log or a terminal.
  const userAgent = request.headers['user-agent']?.replace(/\p{Cc}/gu, ' ').slice(0, longestUserAgent);
  return { remoteAddress: request.ip, userAgent, requestId: request.id };
}

export function toCaller(identity: Identity, role: Role, request: Parameters<typeof originOf>[0]): Caller {
  const { userId, email, expiresAt } = identity;
  return { userId, email, role, expiresAt, ...originOf(request) };
}
