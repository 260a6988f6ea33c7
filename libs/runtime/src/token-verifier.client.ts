import { createRemoteJWKSet, decodeProtectedHeader, errors, importSPKI, jwtVerify } from 'jose';
import type { JWTPayload, JWTVerifyGetKey, JWTVerifyOptions } from 'jose';
import type { AuthenticatedConfig } from './config.js';
import { Refused, Retryable } from './errors.js';

export type Role = 'user' | 'ops' | 'service';

/** Who a token speaks for. `userId` is its `sub`. */
export interface Identity {
  userId: string;
  email: string | null;
  roles: Role[];
  /** Seconds since the epoch. */
  expiresAt: number;
}

export interface TokenVerifier {
  /** Throws Refused token_invalid or token_expired; Retryable identity_provider_unavailable when its keys cannot be had. */
  verify(token: string): Promise<Identity>;
}

/** Asymmetric only: with a shared secret on the list, a public key could be used to sign (RFC 8725 §3.1). */
const algorithms = ['RS256', 'PS256', 'ES256', 'EdDSA'];
const knownRoles: readonly string[] = ['user', 'ops', 'service'] satisfies Role[];
const maxTokenLength = 8192;

export function createTokenVerifier(config: AuthenticatedConfig): TokenVerifier {
  const options: JWTVerifyOptions = {
    issuer: config.AUTH_ISSUER,
    audience: config.AUTH_AUDIENCE,
    algorithms,
    requiredClaims: ['sub', 'exp'],
    clockTolerance: 5,
  };
  const check = keySource(config);
  return {
    async verify(token) {
      if (token.length > maxTokenLength) throw new Refused('token_invalid', 'the token is longer than 8 KiB');
      try {
        return toIdentity((await check(token, options)).payload);
      } catch (error) {
        throw toRefusal(error);
      }
    },
  };
}

function keySource(config: AuthenticatedConfig) {
  if (config.AUTH_PUBLIC_KEY !== undefined) {
    const pem = config.AUTH_PUBLIC_KEY;
    return async (token: string, options: JWTVerifyOptions) => {
      return jwtVerify(token, await importSPKI(pem, allowedAlgorithmOf(token)), options);
    };
  }
  if (config.AUTH_JWKS_URL === undefined) throw new Error('config was not validated: no AUTH_JWKS_URL');
  const keys: JWTVerifyGetKey = createRemoteJWKSet(new URL(config.AUTH_JWKS_URL), { timeoutDuration: 3000 });
  return (token: string, options: JWTVerifyOptions) => jwtVerify(token, keys, options);
}

/** importSPKI wants to know the algorithm before anything is verified; one that is not on the list gets no further. */
function allowedAlgorithmOf(token: string): string {
  let algorithm: unknown;
  try {
    algorithm = decodeProtectedHeader(token).alg;
  } catch (error) {
    throw new Refused('token_invalid', error instanceof Error ? error.message : undefined);
  }
  if (typeof algorithm === 'string' && algorithms.includes(algorithm)) return algorithm;
  throw new Refused('token_invalid', 'the algorithm is not allowed');
}

function toIdentity(payload: JWTPayload): Identity {
  const { sub, exp, email, roles } = payload;
  if (typeof sub !== 'string' || sub === '' || sub.length > 255 || typeof exp !== 'number') {
    throw new Refused('token_invalid', 'sub must be 1 to 255 characters');
  }
  return {
    userId: sub,
    email: typeof email === 'string' ? email : null,
    roles: Array.isArray(roles) ? roles.filter(isRole) : ['user'],
    expiresAt: exp,
  };
}

function isRole(value: unknown): value is Role {
  return typeof value === 'string' && knownRoles.includes(value);
}

function toRefusal(error: unknown): Error {
  if (error instanceof Refused) return error;
  if (error instanceof errors.JWTExpired) return new Refused('token_expired');
  if (error instanceof errors.JWKSTimeout || isUnreachable(error)) {
    return new Retryable('identity_provider_unavailable', error);
  }
  if (error instanceof errors.JOSEError) return new Refused('token_invalid');
  return error instanceof Error ? error : new Error(String(error));
}

/** jose reports a key set that answers with anything but 200 as a bare JOSEError, and a refused connection as fetch's TypeError. */
function isUnreachable(error: unknown): boolean {
  if (error instanceof errors.JOSEError) return error.code === 'ERR_JOSE_GENERIC';
  return typeof error === 'object' && error !== null && 'name' in error && error.name === 'TypeError';
}
