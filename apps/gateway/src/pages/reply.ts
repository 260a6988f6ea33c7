import type { FastifyReply } from 'fastify';
import type { MessageCode } from './messages.js';

/** Pages are about one person: no cache may keep them. */
export function sendPage(reply: FastifyReply, page: string): void {
  void reply.header('cache-control', 'no-store').type('text/html; charset=utf-8').send(page);
}

/** 303: the browser follows with a GET, whatever it came with. `url` is configuration, our own path, or Stripe's answer. */
export function redirect(reply: FastifyReply, url: string): void {
  void reply.header('cache-control', 'no-store').redirect(url, 303);
}

export function redirectToProfile(reply: FastifyReply, message: MessageCode): void {
  redirect(reply, `/profile?message=${message}`);
}
