import {
  formField,
  isAllowedApiChange,
  isAllowedApiRead,
  isOwnForm,
  readFormToken,
  sessionCookie,
} from '@billhook/pages';
import type { OriginHeaders } from '@billhook/pages';
import { bearerToken, Refused, Retryable, tokenVerifierToken } from '@billhook/runtime';
import type { Identity, TokenVerifier } from '@billhook/runtime';
import { createParamDecorator, Inject, Injectable } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { GatewayConfig } from '../config.js';
import { publicRoutes } from './access.js';
import type { Access, Requirement } from './access.js';
import { AppUserStore } from './app-user.store.js';
import { toCaller } from './caller.js';
import type { Caller } from './caller.js';
import { isAcceptedMediaType } from './media-type.js';
import './signed-request.js';

/** Thrown on pages: the error filter answers it with the way to the sign-in page. */
export class SignInNeeded extends Error {
  override readonly name = 'SignInNeeded';
  /** `refusal` is what was wrong with the session that came along, if one did. */
  constructor(readonly refusal?: Refused) {
    super(refusal?.message);
  }
}

interface Credential {
  token: string;
  isCookie: boolean;
}

/** Who is asking, for every route; what is neither marked nor on the public list is refused. */
@Injectable()
export class SignIn {
  private readonly cookieName: string;
  private readonly ownOrigin: string;
  private readonly apiOrigins: ReadonlySet<string>;

  constructor(
    private readonly users: AppUserStore,
    @Inject(tokenVerifierToken) private readonly tokens: TokenVerifier,
    config: GatewayConfig,
  ) {
    this.cookieName = sessionCookie(config.PUBLIC_URL).name;
    this.ownOrigin = new URL(config.PUBLIC_URL).origin;
    this.apiOrigins = new Set([this.ownOrigin, ...config.CORS_ORIGINS]);
  }

  /** Throws what refuses the request; sets its `caller` on routes that need one. */
  async admit(request: FastifyRequest, needs: Requirement | undefined): Promise<void> {
    if (needs === undefined) return requirePublic(request);
    const caller = await this.callerOf(request, needs);
    const { 'content-type': contentType } = request.headers;
    if (!isRead(request) && !isAcceptedMediaType(needs.access, contentType))
      throw new Refused('media_type_unsupported');
    if (needs.access === 'page') acceptForm(request);
    request.caller = caller;
    // Only users have accounts: a service or an operator that asks about one is none.
    if (needs.role === 'user') await this.users.openOnce(caller);
  }

  /** For public pages that look different to who is signed in: never refuses, never writes. */
  async peek(request: FastifyRequest): Promise<Identity | undefined> {
    const token = request.cookies[this.cookieName];
    if (token === undefined || token === '') return undefined;
    try {
      const identity = await this.tokens.verify(token);
      request.sessionToken = token;
      return identity;
    } catch (error) {
      if (error instanceof Refused || error instanceof Retryable) return undefined;
      throw error;
    }
  }

  private async callerOf(request: FastifyRequest, { access, role }: Requirement): Promise<Caller> {
    const credential = this.credentialOf(request, access);
    if (credential === undefined) throw access === 'page' ? new SignInNeeded() : new Refused('token_missing');
    if (credential.isCookie) this.checkOrigin(request, access);
    const identity = await this.tokens.verify(credential.token).catch((error: unknown) => {
      throw access === 'page' && error instanceof Refused ? new SignInNeeded(error) : error;
    });
    if (!identity.roles.includes(role)) throw new Refused('role_missing', `this needs the role ${role}`);
    if (access === 'page') request.sessionToken = credential.token;
    return toCaller(identity, role, request);
  }

  /**
   * On `/v1` a bearer token wins: whoever sends one means it, while a cookie comes along by itself. Pages are for browsers, and
   * their forms are bound to the cookie.
   */
  private credentialOf(request: FastifyRequest, access: Access): Credential | undefined {
    if (access === 'api' && request.headers.authorization !== undefined) {
      return { token: bearerToken(request.headers.authorization), isCookie: false };
    }
    const token = request.cookies[this.cookieName];
    return token === undefined || token === '' ? undefined : { token, isCookie: true };
  }

  private checkOrigin(request: FastifyRequest, access: Access): void {
    const headers = { origin: request.headers.origin, secFetchSite: header(request, 'sec-fetch-site') };
    if (access === 'api') return this.checkApiOrigin(request, headers);
    if (isRead(request) || isOwnForm(headers, this.ownOrigin)) return;
    throw new Refused(
      'origin_not_allowed',
      'this form did not come from a page of ours; open your profile and try again',
    );
  }

  private checkApiOrigin(request: FastifyRequest, headers: OriginHeaders): void {
    const isAllowed = isRead(request)
      ? isAllowedApiRead(headers, this.apiOrigins)
      : isAllowedApiChange(headers, this.apiOrigins);
    if (!isAllowed) throw new Refused('origin_not_allowed');
  }
}

function isRead({ method }: FastifyRequest): boolean {
  return method === 'GET' || method === 'HEAD';
}

function requirePublic(request: FastifyRequest): void {
  // Fastify answers HEAD wherever it answers GET.
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  if (publicRoutes.has(`${method} ${request.routeOptions.url ?? ''}`)) return;
  throw new Refused('token_missing');
}

/** A form must be bound to the session that sends it. Its token is taken off: routes know nothing of it. */
function acceptForm(request: FastifyRequest): void {
  const { sessionToken } = request;
  if (isRead(request) || sessionToken === undefined) return;
  const { [formField]: value, ...fields } = fieldsOf(request.body);
  const reading = readFormToken(sessionToken, value, new Date());
  if (reading.kind !== 'good') throw new Refused('form_token_invalid', reasons[reading.kind]);
  request.body = fields;
  request.formId = reading.formId;
}

const reasons = {
  foreign: 'this form was not made for your session; open the page again and send it from there',
  too_old: 'this page has been open for too long; load it again and send the form from there',
} as const;

function fieldsOf(body: unknown): Record<string, unknown> {
  return typeof body === 'object' && body !== null && !Array.isArray(body) ? { ...body } : {};
}

function header(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' ? value : undefined;
}

/** Who is asking, on routes marked `@SignedIn`. */
export function callerOf({ caller }: FastifyRequest): Caller {
  if (caller === undefined) throw new Refused('token_missing');
  return caller;
}

/** The same as a parameter of a controller's. */
export const CurrentCaller = createParamDecorator((_: unknown, context: ExecutionContext): Caller =>
  callerOf(context.switchToHttp().getRequest<FastifyRequest>()),
);
