import type { FastifyRequest } from 'fastify';

const longest = 256;

/** Control characters are taken out, so that it cannot forge a line in a log or a terminal. */
export function userAgentOf({ headers }: FastifyRequest): string | undefined {
  return headers['user-agent']?.replace(/\p{Cc}/gu, ' ').slice(0, longest);
}
