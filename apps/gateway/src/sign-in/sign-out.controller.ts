import { cookieAttributes, sessionCookie } from '@billhook/pages';
import { Controller, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { GatewayConfig } from '../config.js';
import { redirect } from '../pages/reply.js';
import { SignedIn } from './access.js';

/** The button to sign out, on pages; scripts have `DELETE /v1/session`. */
@Controller('sign-out')
@SignedIn('page')
export class SignOutController {
  constructor(private readonly config: GatewayConfig) {}

  @Post()
  end(@Res() reply: FastifyReply): void {
    const cookie = sessionCookie(this.config.PUBLIC_URL);
    void reply.clearCookie(cookie.name, cookieAttributes(cookie));
    redirect(reply, '/pricing');
  }
}
