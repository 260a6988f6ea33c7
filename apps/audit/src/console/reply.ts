import { issueFormToken, themeCookie, toTheme, withFormToken, withTheme } from '@billhook/pages';
import type { FastifyReply } from 'fastify';
import { randomBytes } from 'node:crypto';

/** What ops see is no cache's to keep. `sessionToken` is needed by pages with a form that posts. */
export function sendPage(reply: FastifyReply, page: string, sessionToken?: string): void {
  const whole = sessionToken === undefined ? page : withFormToken(page, formTokenFor(sessionToken));
  // A request that was refused early has not even its cookies read.
  const { cookies }: { cookies?: Record<string, string | undefined> } = reply.request;
  const dressed = withTheme(whole, toTheme(cookies?.[themeCookie]) ?? 'system');
  void reply.header('cache-control', 'no-store').type('text/html; charset=utf-8').send(dressed);
}

function formTokenFor(sessionToken: string): string {
  return issueFormToken(sessionToken, randomBytes(16).toString('base64url'), new Date());
}
