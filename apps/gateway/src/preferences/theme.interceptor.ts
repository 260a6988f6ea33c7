import { cookieAttributes, sessionCookie, themeCookie } from '@billhook/pages';
import { Injectable } from '@nestjs/common';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Observable } from 'rxjs';
import { GatewayConfig } from '../config.js';
import '../sign-in/signed-request.js';
import { PreferencesStore } from './preferences.store.js';

const yearSeconds = 365 * 86_400;

/**
 * Pages for somebody who is signed in wear the theme that they have chosen, wherever they chose it, and the browser is told, for the
 * pages that do not know who is reading.
 */
@Injectable()
export class ThemeInterceptor implements NestInterceptor {
  private readonly attributes: ReturnType<typeof cookieAttributes> & { maxAge: number };

  constructor(
    private readonly preferences: PreferencesStore,
    { PUBLIC_URL }: GatewayConfig,
  ) {
    this.attributes = { ...cookieAttributes(sessionCookie(PUBLIC_URL)), maxAge: yearSeconds };
  }

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    if (context.getType() !== 'http') return next.handle();
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const { caller, sessionToken } = request;
    // The guard keeps the session's token on pages only.
    if (caller === undefined || sessionToken === undefined) return next.handle();
    const theme = (await this.preferences.find(caller.userId))?.theme ?? 'system';
    request.theme = theme;
    if (request.cookies[themeCookie] !== theme && (theme !== 'system' || themeCookie in request.cookies)) {
      void context.switchToHttp().getResponse<FastifyReply>().setCookie(themeCookie, theme, this.attributes);
    }
    return next.handle();
  }
}
