import { withDatabaseFailureNamed } from '@billhook/database';
import { cookieAttributes, returnAddress, sessionCookie } from '@billhook/pages';
import { ProblemFilter, problemFor, Refused, Retryable } from '@billhook/runtime';
import { Catch, Logger } from '@nestjs/common';
import type { ArgumentsHost } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { GatewayConfig } from '../config.js';
import type { Refusals } from '../refusals/refusals.store.js';
import { SignInNeeded } from '../sign-in/sign-in.guard.js';
import { errorPage } from './error.page.js';
import { sendPage } from './reply.js';

/** Problem JSON on `/v1`, pages for people everywhere else, and the way to the sign-in page for who has to go there. */
@Catch()
export class ErrorPageFilter extends ProblemFilter {
  private readonly pageLog = new Logger('page');

  constructor(
    private readonly config: Pick<GatewayConfig, 'PUBLIC_URL' | 'SIGN_IN_URL'>,
    private readonly refusals: Refusals,
  ) {
    super();
  }

  override catch(thrown: unknown, host: ArgumentsHost): ReturnType<ProblemFilter['catch']> {
    if (host.getType() !== 'http') return super.catch(thrown, host);
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const error = withDatabaseFailureNamed(thrown);
    const refusal = error instanceof SignInNeeded ? error.refusal : error;
    if (refusal instanceof Refused || refusal instanceof Retryable) this.refusals.note(request, refusal.code);
    if (/^\/v1(\/|$|\?)/.test(request.url)) return super.catch(error, host);
    if (error instanceof SignInNeeded) this.leadToSignIn(host);
    else this.showPage(error, host);
    return undefined;
  }

  private leadToSignIn(host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const path = request.method === 'GET' ? request.url : this.pageOf(request);
    const signIn = new URL(this.config.SIGN_IN_URL);
    signIn.searchParams.set('return_to', returnAddress(path, this.config.PUBLIC_URL));
    void host.switchToHttp().getResponse<FastifyReply>().header('cache-control', 'no-store').redirect(signIn.href, 303);
  }

  /**
   * A form that was posted without a session cannot be posted again by a redirect: back to the page that it was on, where its sender
   * sees how things stand and sends it anew. What that page said of an earlier form is not said again.
   */
  private pageOf({ headers: { referer = '' } }: FastifyRequest): string {
    const own = new URL(this.config.PUBLIC_URL).origin;
    if (!URL.canParse(referer) || new URL(referer).origin !== own) return '/profile';
    const page = new URL(referer);
    page.searchParams.delete('message');
    // A form's own answer stands at its address, where nothing is without what was posted.
    const isAnswer = page.pathname === '/change-plan' && page.search === '';
    return isAnswer ? '/profile' : page.pathname + page.search;
  }

  /** A form is not sent again by a link; what cannot succeed is not tried again. */
  private again(error: unknown, { method, url }: FastifyRequest): string | null {
    return error instanceof Retryable && method === 'GET' ? returnAddress(url, this.config.PUBLIC_URL) : null;
  }

  /** Its token would be refused on every page until it expires, also where its holder wants to sign out. */
  private endSession(reply: FastifyReply): void {
    const cookie = sessionCookie(this.config.PUBLIC_URL);
    void reply.clearCookie(cookie.name, cookieAttributes(cookie));
  }

  private showPage(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const problem = problemFor(error, request.id);
    if (problem.status >= 500) this.pageLog.error({ err: error, code: problem.code, requestId: request.id });
    if (error instanceof Retryable) void reply.header('retry-after', String(error.retryAfterSeconds));
    if (problem.code === 'account_erased') this.endSession(reply);
    sendPage(reply.status(problem.status), errorPage(problem, this.again(error, request)));
  }
}
