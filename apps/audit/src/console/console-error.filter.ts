import { DatabaseFailureFilter, withDatabaseFailureNamed } from '@billhook/database';
import { returnAddress } from '@billhook/pages';
import { problemFor, Refused, Retryable } from '@billhook/runtime';
import { Catch, Logger } from '@nestjs/common';
import type { ArgumentsHost } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AuditConfig } from '../config.js';
import { problemPage } from './problem.page.js';
import { sendPage } from './reply.js';
import { isConsole } from './session.js';

const signInAgain: ReadonlySet<string> = new Set(['token_missing', 'token_invalid', 'token_expired']);

/** Pages for people under `/console`, and the way to the sign-in page for who has to go there; problem JSON everywhere else. */
@Catch()
export class ConsoleErrorFilter extends DatabaseFailureFilter {
  private readonly pageLog = new Logger('console');

  constructor(private readonly config: Pick<AuditConfig, 'PUBLIC_URL' | 'SIGN_IN_URL'>) {
    super();
  }

  override catch(thrown: unknown, host: ArgumentsHost): ReturnType<DatabaseFailureFilter['catch']> {
    if (host.getType() !== 'http' || !isConsole(host.switchToHttp().getRequest<FastifyRequest>().url)) {
      return super.catch(thrown, host);
    }
    if (thrown instanceof Refused && signInAgain.has(thrown.code)) this.leadToSignIn(host);
    else this.showPage(withDatabaseFailureNamed(thrown), host);
    return undefined;
  }

  /** A form cannot be sent again by a redirect: back to the search instead. */
  private leadToSignIn(host: ArgumentsHost): void {
    const { method, url } = host.switchToHttp().getRequest<FastifyRequest>();
    const signIn = this.signInFor(method === 'GET' ? url : '/console');
    void host.switchToHttp().getResponse<FastifyReply>().header('cache-control', 'no-store').redirect(signIn, 303);
  }

  private signInFor(path: string): string {
    const signIn = new URL(this.config.SIGN_IN_URL);
    signIn.searchParams.set('return_to', returnAddress(path, this.config.PUBLIC_URL));
    return signIn.href;
  }

  private showPage(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const problem = problemFor(error, request.id);
    if (problem.status >= 500) this.pageLog.error({ err: error, code: problem.code, requestId: request.id });
    if (error instanceof Retryable) void reply.header('retry-after', String(error.retryAfterSeconds));
    sendPage(reply.status(problem.status), problemPage(problem, this.signInFor('/console')));
  }
}
