import { Inject, Injectable, SetMetadata } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { Refused } from './errors.js';
import type { Identity, Role, TokenVerifier } from './token-verifier.client.js';

export const tokenVerifierToken = Symbol('TokenVerifier');
const roleKey = 'billhook:role';

/** The role a controller or route needs. Without it, RolesGuard refuses: nothing is open by omission. */
export const RequireRole = (role: Role) => SetMetadata(roleKey, role);

/** Says that a controller or route needs no token: files that say nothing about anybody. */
export const OpenToAll = () => SetMetadata(roleKey, openToAll);
const openToAll = 'anybody';

const identities = new WeakMap<object, Identity>();

/** Who sent a request that RolesGuard let through. */
export function identityOf(request: object): Identity {
  const identity = identities.get(request);
  if (identity === undefined) throw new Error('RolesGuard has not seen this request');
  return identity;
}

/**
 * Bearer tokens, unless a subclass finds them elsewhere: for the services that ops and machines call. Provide `tokenVerifierToken`
 * beside it.
 */
@Injectable()
export class RolesGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    @Inject(tokenVerifierToken) private readonly tokens: TokenVerifier,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (context.getType() !== 'http') return true;
    const targets = [context.getHandler(), context.getClass()];
    const needed = this.reflector.getAllAndOverride<Role | typeof openToAll | undefined>(roleKey, targets);
    if (needed === openToAll) return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const identity = await this.tokens.verify(this.tokenOf(request));
    if (needed === undefined || !identity.roles.includes(needed)) {
      throw new Refused('role_missing', `this needs the role ${needed ?? '(none is set for the route)'}`);
    }
    identities.set(request, identity);
    return true;
  }

  /** Throws Refused token_missing. */
  protected tokenOf(request: FastifyRequest): string {
    return bearerToken(request.headers.authorization);
  }
}

/** The token of an Authorization header; throws Refused token_missing. */
export function bearerToken(header: string | undefined): string {
  const token = /^Bearer +([^ ]+)$/i.exec(header ?? '')?.[1];
  if (token === undefined) throw new Refused('token_missing');
  return token;
}
