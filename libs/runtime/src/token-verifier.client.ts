import { errors, jwtVerify } from 'jose';
import type { JWTPayload, JWTVerifyOptions } from 'jose';
import { hash } from 'node:crypto';
import type { AuthenticatedConfig } from './config.js';
import { Refused, Retryable } from './errors.js';
import { fixedKey, keySetAt, RotatingKeys } from './signing-keys.client.js';
import type { SigningKeys } from './signing-keys.client.js';

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

const knownRoles: readonly string[] = ['user', 'ops', 'service'] satisfies Role[];
/**
 * What `typ` may say, where it says anything: RFC 9068's access tokens and plain JWTs. Tokens of other kinds from the same
 * provider (logout, DPoP, security events) carry a type of their own and are no sign-in (RFC 8725 §3.11).
 */
const tokenType = /^(application\/)?(jwt|at\+jwt)$/i;
const maxTokenLength = 8192;
/** RFC 5321's local part, @ and domain. */
const longestEmail = 320;
/** Between the identity provider's clock and ours. */
const clockToleranceSeconds = 5;
/** Some 4 MB: tokens themselves are not kept, only their hashes. */
const mostRemembered = 20_000;

/** `now` in milliseconds since the epoch. */
export function createTokenVerifier(config: AuthenticatedConfig, now: () => number = Date.now): TokenVerifier {
  return new RememberingVerifier(keysOf(config), config, now);
}

function keysOf({ AUTH_PUBLIC_KEY, AUTH_JWKS_URL }: AuthenticatedConfig): SigningKeys {
  if (AUTH_PUBLIC_KEY !== undefined) return fixedKey(AUTH_PUBLIC_KEY);
  if (AUTH_JWKS_URL === undefined) throw new Error('config was not validated: no AUTH_JWKS_URL');
  return new RotatingKeys(keySetAt(AUTH_JWKS_URL), () => performance.now());
}

/** A token that was verified is believed until it expires or the keys change: its signature cannot become another. */
class RememberingVerifier implements TokenVerifier {
  private remembered = new Map<string, Identity>();
  private generation = 0;
  private readonly options: JWTVerifyOptions;

  constructor(
    private readonly keys: SigningKeys,
    { AUTH_ISSUER, AUTH_AUDIENCE }: AuthenticatedConfig,
    private readonly now: () => number,
  ) {
    this.options = {
      issuer: AUTH_ISSUER,
      audience: AUTH_AUDIENCE,
      algorithms: keys.algorithms,
      requiredClaims: ['sub', 'exp'],
      clockTolerance: clockToleranceSeconds,
    };
  }

  async verify(token: string): Promise<Identity> {
    if (token.length > maxTokenLength) throw new Refused('token_invalid', 'the token is longer than 8 KiB');
    const key = hash('sha256', token, 'base64');
    const known = this.recall(key);
    if (known !== undefined) return known;
    const generation = this.generation;
    const identity = await this.check(token);
    // Keys that have changed meanwhile may not hold the one this token was verified with.
    if (generation === this.keys.generation()) this.remember(key, identity);
    return identity;
  }

  private recall(key: string): Identity | undefined {
    const generation = this.keys.generation();
    if (generation !== this.generation) {
      this.remembered.clear();
      this.generation = generation;
    }
    const known = this.remembered.get(key);
    if (known === undefined || known.expiresAt + clockToleranceSeconds > this.now() / 1000) return known;
    this.remembered.delete(key);
    return undefined;
  }

  /** The oldest goes first: whoever is still here costs one verification again. */
  private remember(key: string, identity: Identity): void {
    const [oldest] = this.remembered.keys();
    if (oldest !== undefined && this.remembered.size >= mostRemembered) this.remembered.delete(oldest);
    this.remembered.set(key, identity);
  }

  private async check(token: string): Promise<Identity> {
    try {
      const options = { ...this.options, currentDate: new Date(this.now()) };
      const { payload, protectedHeader } = await jwtVerify(token, (header) => this.keys.keyFor(header), options);
      const { typ } = protectedHeader;
      if (typ !== undefined && !tokenType.test(typ)) throw new Refused('token_invalid', 'the token is of another type');
      return toIdentity(payload);
    } catch (error) {
      throw toRefusal(error);
    }
  }
}

function toIdentity(payload: JWTPayload): Identity {
  const { sub, exp, email, roles } = payload;
  if (!isPlainText(sub, 255) || typeof exp !== 'number') {
    throw new Refused('token_invalid', 'sub must be 1 to 255 characters, and no control characters');
  }
  return {
    userId: sub,
    email: isPlainText(email, longestEmail) ? email : null,
    roles: Array.isArray(roles) ? roles.filter(isRole) : ['user'],
    expiresAt: exp,
  };
}

/** Identity providers let people choose some of this: PostgreSQL takes no NUL in a text, and logs should hold no line breaks. */
function isPlainText(value: unknown, longest: number): value is string {
  return typeof value === 'string' && value !== '' && value.length <= longest && !/\p{Cc}/u.test(value);
}

function isRole(value: unknown): value is Role {
  return typeof value === 'string' && knownRoles.includes(value);
}

function toRefusal(error: unknown): unknown {
  if (error instanceof Refused || error instanceof Retryable) return error;
  if (error instanceof errors.JWTExpired) return new Refused('token_expired');
  if (error instanceof errors.JOSEError) return new Refused('token_invalid');
  return error;
}
