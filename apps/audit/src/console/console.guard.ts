import { sessionCookie } from '@billhook/pages';
import { Refused, RolesGuard, tokenVerifierToken } from '@billhook/runtime';
import type { TokenVerifier } from '@billhook/runtime';
import { Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { AuditConfig } from '../config.js';
import { isConsole } from './session.js';

/** The role as ever; under `/console` it is that of the gateway's session cookie, which browsers send to every port of a host. */
@Injectable()
export class ConsoleGuard extends RolesGuard {
  private readonly cookieName: string;

  constructor(reflector: Reflector, @Inject(tokenVerifierToken) tokens: TokenVerifier, config: AuditConfig) {
    super(reflector, tokens);
    this.cookieName = sessionCookie(config.PUBLIC_URL).name;
  }

  protected override tokenOf(request: FastifyRequest): string {
    return isConsole(request.url) ? this.sessionOf(request) : super.tokenOf(request);
  }

  /** Throws Refused token_missing. */
  sessionOf({ cookies }: FastifyRequest): string {
    const token = cookies[this.cookieName];
    if (token === undefined || token === '') throw new Refused('token_missing');
    return token;
  }
}
