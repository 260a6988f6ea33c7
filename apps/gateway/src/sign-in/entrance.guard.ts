import { Injectable } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { networkOf, weightOf } from '../limits/limited.js';
import { RateLimits } from '../limits/rate-limits.store.js';
import { accessKey } from './access.js';
import type { Requirement } from './access.js';
import { SignIn } from './sign-in.guard.js';
import './signed-request.js';

/** What stands before every route, in this order: how often an address comes, who it is, how often they come. */
@Injectable()
export class EntranceGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly limits: RateLimits,
    private readonly signIn: SignIn,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (context.getType() !== 'http') return true;
    const targets = [context.getHandler(), context.getClass()];
    const needs = this.reflector.getAllAndOverride<Requirement | undefined>(accessKey, targets);
    await this.admit(context.switchToHttp().getRequest<FastifyRequest>(), needs);
    return true;
  }

  /**
   * Throws what refuses the request. An address (what trusted proxies say, or the socket) is counted before anybody is asked who they
   * are: guessing tokens is limited as well. Whoever has signed in is one user, from however many addresses.
   */
  async admit(request: FastifyRequest, needs: Requirement | undefined): Promise<void> {
    const weight = weightOf({ method: request.method, route: request.routeOptions.url });
    await this.limits.count('address', weight, networkOf(request.ip));
    await this.signIn.admit(request, needs);
    if (request.caller !== undefined) await this.limits.count('user', weight, request.caller.userId);
  }
}
