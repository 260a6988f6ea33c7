import { cookieAttributes, isAllowedApiChange, longestCookieToken, sessionCookie } from '@billhook/pages';
import type { SessionCookie } from '@billhook/pages';
import { bearerToken, Refused, tokenVerifierToken } from '@billhook/runtime';
import type { TokenVerifier } from '@billhook/runtime';
import { Controller, Delete, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { GatewayConfig } from '../config.js';
import { AppUserStore } from './app-user.store.js';
import { toCaller } from './caller.js';

/** Turns a bearer token into the cookie that pages need, and takes it away again. */
@Controller('v1/session')
export class SessionController {
  private readonly cookie: SessionCookie;
  private readonly origins: ReadonlySet<string>;

  constructor(
    private readonly users: AppUserStore,
    @Inject(tokenVerifierToken) private readonly tokens: TokenVerifier,
    config: GatewayConfig,
  ) {
    this.cookie = sessionCookie(config.PUBLIC_URL);
    this.origins = new Set([new URL(config.PUBLIC_URL).origin, ...config.CORS_ORIGINS]);
  }

  @Post()
  async begin(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    const token = bearerToken(request.headers.authorization);
    const identity = await this.tokens.verify(token);
    if (token.length > longestCookieToken) {
      throw new Refused('request_invalid', `the token is too long for a cookie (${longestCookieToken} characters)`);
    }
    if (identity.roles.includes('user')) await this.users.openOnce(toCaller(identity, 'user', request));
    const expires = new Date(identity.expiresAt * 1000);
    void reply.setCookie(this.cookie.name, token, { ...cookieAttributes(this.cookie), expires });
    return { user_id: identity.userId, expires_at: expires.toISOString() };
  }

  /** Without the Origin check another site could sign people out. */
  @Delete()
  @HttpCode(204)
  end(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): void {
    const { origin } = request.headers;
    if (!isAllowedApiChange({ origin, secFetchSite: undefined }, this.origins)) throw new Refused('origin_not_allowed');
    void reply.clearCookie(this.cookie.name, cookieAttributes(this.cookie));
  }
}
