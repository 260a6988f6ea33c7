import { issueFormToken, themeCookie, toTheme, withFormToken, withTheme } from '@billhook/pages';
import type { Theme } from '@billhook/pages';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { randomBytes } from 'node:crypto';
import '../sign-in/signed-request.js';
import type { MessageCode } from './messages.js';

/** Pages are about one person: no cache may keep them. Their forms can be sent by that person's session, once. */
export function sendPage(reply: FastifyReply, page: string): void {
  const dressed = withTheme(withForms(reply, page), themeOf(reply.request));
  void reply.header('cache-control', 'no-store').type('text/html; charset=utf-8').send(dressed);
}

/** What its reader has chosen, as far as it is known; a request that was refused early has not even its cookies read. */
function themeOf({ theme, cookies }: Partial<Pick<FastifyRequest, 'theme' | 'cookies'>>): Theme {
  return theme ?? toTheme(cookies?.[themeCookie]) ?? 'system';
}

function withForms({ request }: FastifyReply, page: string): string {
  if (request.sessionToken === undefined) return page;
  return withFormToken(page, issueFormToken(request.sessionToken, randomBytes(16).toString('base64url'), new Date()));
}

/** 303: the browser follows with a GET, whatever it came with. `url` is configuration, our own path, or Stripe's answer. */
export function redirect(reply: FastifyReply, url: string): void {
  void reply.header('cache-control', 'no-store').redirect(url, 303);
}

export function redirectToProfile(reply: FastifyReply, message: MessageCode): void {
  redirect(reply, `/profile?message=${message}`);
}
