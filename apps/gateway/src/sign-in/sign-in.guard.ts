import { bearerToken, Refused, Retryable, tokenVerifierToken } from '@billhook/runtime';
import type { Identity, TokenVerifier } from '@billhook/runtime';
import { createParamDecorator, Inject, Injectable } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { GatewayConfig } from '../config.js';
import { accessKey, publicRoutes } from './access.js';
import type { Access } from './access.js';
import { AppUserStore } from './app-user.store.js';
import { toCaller } from './caller.js';
import type { Caller } from './caller.js';
import { isAllowedApiOrigin, isOwnForm } from './request-origin.js';
import { sessionCookie } from './session-cookie.js';

type GatewayRequest = FastifyRequest & { caller?: Caller };

/** Thrown on pages: the error filter answers it with the way to the sign-in page. */
export class SignInNeeded extends Error {
  override readonly name = 'SignInNeeded';
}

interface Credential {
  token: string;
  isCookie: boolean;
}

/** Decides for every route; what is neither marked nor on the public list is refused. */
@Injectable()
export class SignInGuard implements CanActivate {
  private readonly cookieName: string;
  private readonly ownOrigin: string;
  private readonly apiOrigins: ReadonlySet<string>;

  constructor(
    private readonly reflector: Reflector,
    private readonly users: AppUserStore,
    @Inject(tokenVerifierToken) private readonly tokens: TokenVerifier,
    config: GatewayConfig,
  ) {
    this.cookieName = sessionCookie(config.PUBLIC_URL).name;
    this.ownOrigin = new URL(config.PUBLIC_URL).origin;
    this.apiOrigins = new Set([this.ownOrigin, ...config.CORS_ORIGINS]);
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (context.getType() !== 'http') return true;
    const request = context.switchToHttp().getRequest<GatewayRequest>();
    const access = this.reflector.getAllAndOverride<Access | undefined>(accessKey, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (access === undefined) return isPublic(request);
    request.caller = await this.callerOf(request, access);
    await this.users.openOnce(request.caller);
    return true;
  }

  /** For public pages that look different to who is signed in: never refuses, never writes. */
  async peek(request: FastifyRequest): Promise<Identity | undefined> {
    try {
      const credential = this.credentialOf(request);
      return credential && (await this.tokens.verify(credential.token));
    } catch (error) {
      if (error instanceof Refused || error instanceof Retryable) return undefined;
      throw error;
    }
  }

  private async callerOf(request: FastifyRequest, access: Access): Promise<Caller> {
    const credential = this.credentialOf(request);
    if (credential === undefined) throw access === 'page' ? new SignInNeeded() : new Refused('token_missing');
    if (credential.isCookie) this.checkOrigin(request, access);
    const identity = await this.tokens.verify(credential.token).catch((error: unknown) => {
      throw access === 'page' && error instanceof Refused ? new SignInNeeded() : error;
    });
    return toCaller(identity, request);
  }

  /** A bearer token wins: whoever sends one means it, while a cookie comes along by itself. */
  private credentialOf(request: FastifyRequest): Credential | undefined {
    if (request.headers.authorization !== undefined) {
      return { token: bearerToken(request.headers.authorization), isCookie: false };
    }
    const token = request.cookies[this.cookieName];
    return token === undefined || token === '' ? undefined : { token, isCookie: true };
  }

  private checkOrigin(request: FastifyRequest, access: Access): void {
    if (request.method === 'GET' || request.method === 'HEAD') return;
    const headers = { origin: request.headers.origin, secFetchSite: header(request, 'sec-fetch-site') };
    if (access === 'api' && !isAllowedApiOrigin(headers, this.apiOrigins)) throw new Refused('origin_not_allowed');
    if (access === 'page' && !isOwnForm(headers, this.ownOrigin)) {
      throw new Refused(
        'origin_not_allowed',
        'this form did not come from a page of ours; open your profile and try again',
      );
    }
  }
}

function isPublic(request: FastifyRequest): boolean {
  // Fastify answers HEAD wherever it answers GET.
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  if (publicRoutes.has(`${method} ${request.routeOptions.url ?? ''}`)) return true;
  throw new Refused('token_missing');
}

function header(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' ? value : undefined;
}

/** Who is asking, on routes marked `@SignedIn`. */
export const CurrentCaller = createParamDecorator((_: unknown, context: ExecutionContext): Caller => {
  const { caller } = context.switchToHttp().getRequest<GatewayRequest>();
  if (caller === undefined) throw new Refused('token_missing');
  return caller;
});
