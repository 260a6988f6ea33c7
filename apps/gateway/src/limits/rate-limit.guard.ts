import { Injectable } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import '../sign-in/signed-request.js';
import { networkOf, weightOf } from './limited.js';
import { RateLimits } from './rate-limits.store.js';

/** Before anybody is asked who they are: guessing tokens is limited as well. `ip` is what trusted proxies say, or the socket. */
@Injectable()
export class AddressLimitGuard implements CanActivate {
  constructor(private readonly limits: RateLimits) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (context.getType() !== 'http') return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    await this.limits.count('address', weightIn(request), networkOf(request.ip));
    return true;
  }
}

/** After the sign-in, for who has signed in: one user is one, from however many addresses. */
@Injectable()
export class UserLimitGuard implements CanActivate {
  constructor(private readonly limits: RateLimits) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (context.getType() !== 'http') return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    if (request.caller !== undefined) await this.limits.count('user', weightIn(request), request.caller.userId);
    return true;
  }
}

function weightIn({ method, routeOptions }: FastifyRequest): ReturnType<typeof weightOf> {
  return weightOf({ method, route: routeOptions.url });
}
