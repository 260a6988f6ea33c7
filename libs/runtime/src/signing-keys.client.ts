import { createLocalJWKSet, errors } from 'jose';
import type { CryptoKey, JSONWebKeySet, JWSHeaderParameters } from 'jose';
import { createPublicKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { z } from 'zod';
import { Retryable } from './errors.js';

/** Where a token's signature is checked against. */
export interface SigningKeys {
  /** Asymmetric ones only: with a shared secret on the list, a public key could be used to sign (RFC 8725 §3.1). */
  algorithms: string[];
  /** Grows whenever a key may have gone: what was verified before has to be verified again. */
  generation(): number;
  /** Throws a JOSEError for a token that names no key of ours; Retryable identity_provider_unavailable. */
  keyFor(header: JWSHeaderParameters): Promise<CryptoKey | KeyObject>;
}

/** By the kind of key; for elliptic curves by the curve. */
const algorithmsOf: Partial<Record<string, string[]>> = {
  rsa: ['RS256', 'PS256'],
  prime256v1: ['ES256'],
  ed25519: ['EdDSA', 'Ed25519'],
};

/** One PEM public key, for as long as the process lives. Throws when it is of a kind that no allowed algorithm uses. */
export function fixedKey(pem: string): SigningKeys {
  const key = createPublicKey(pem);
  const kind = key.asymmetricKeyDetails?.namedCurve ?? key.asymmetricKeyType ?? 'unknown';
  const algorithms = algorithmsOf[kind];
  if (algorithms === undefined) {
    throw new Error(`AUTH_PUBLIC_KEY must be an RSA, P-256 or Ed25519 key, and not of the kind ${kind}`);
  }
  return { algorithms, generation: () => 0, keyFor: () => Promise.resolve(key) };
}

/** What is known is believed for so long before the key set is read again: a key that was withdrawn counts no longer. */
const maxAgeMs = 10 * 60_000;
/** A set that has not been looked at for longer, since nobody came, is read before it is believed. */
const tooOldMs = 2 * maxAgeMs;
/** Made-up key ids and an identity provider that is down cost one question in this time. */
const coolDownMs = 30_000;
const answerWithinMs = 3_000;
const longestAnswer = 1024 * 1024;

/** Only as much as is needed to know that it is a key set: jose reads the keys themselves. */
const keySetSchema = z.object({ keys: z.array(z.looseObject({ kty: z.string() })) });

/** Reads a key set's text; throws when it cannot. */
export type ReadKeySet = () => Promise<string>;

/** By HTTP. Redirects are not followed: the address is the operator's, and nobody else's. */
export function keySetAt(url: string): ReadKeySet {
  return async () => {
    const response = await fetch(url, {
      redirect: 'error',
      headers: { accept: 'application/json' },
      signal: AbortSignal.timeout(answerWithinMs),
    });
    if (!response.ok) throw new Error(`the key set answered ${response.status}`);
    const text = await response.text();
    if (text.length > longestAnswer) throw new Error('the key set is longer than 1 MiB');
    return text;
  };
}

interface KnownKeys {
  text: string;
  find: ReturnType<typeof createLocalJWKSet>;
  readAt: number;
}

/**
 * An identity provider's key set (JWKS), which rotates. A key id that is not known makes it read again; while it cannot be
 * read, the known keys go on counting. `now` is monotonic, in milliseconds.
 */
export class RotatingKeys implements SigningKeys {
  readonly algorithms = Object.values(algorithmsOf).flatMap((names) => names ?? []);
  private known: KnownKeys | undefined;
  private replaced = 0;
  private triedAt = -Infinity;
  private failure: unknown;
  private reading: Promise<void> | undefined;

  constructor(
    private readonly read: ReadKeySet,
    private readonly now: () => number,
  ) {}

  /** Looks again in the background when it is time: whoever is remembered must not keep a withdrawn key alive. */
  generation(): number {
    if (this.age() > maxAgeMs && this.mayTry()) void this.refresh();
    return this.replaced;
  }

  async keyFor(header: JWSHeaderParameters): Promise<CryptoKey> {
    if (this.age() > tooOldMs && this.mayTry()) await this.refresh();
    try {
      return await this.find(header);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      if (this.mayTry()) await this.refresh();
      // It may be the newest key: nobody can say that it is a wrong one while the set cannot be read.
      if (this.failure !== undefined) throw new Retryable('identity_provider_unavailable', this.failure);
      return this.find(header);
    }
  }

  private find(header: JWSHeaderParameters): Promise<CryptoKey> {
    if (this.known === undefined) throw new Retryable('identity_provider_unavailable', this.failure);
    return this.known.find(header);
  }

  private age(): number {
    return this.known === undefined ? Infinity : this.now() - this.known.readAt;
  }

  /** Whoever comes while the set is being read waits for the same answer. */
  private mayTry(): boolean {
    return this.reading !== undefined || this.known === undefined || this.now() - this.triedAt > coolDownMs;
  }

  /** Never rejects: what went wrong is kept for who has no key. */
  private refresh(): Promise<void> {
    this.reading ??= this.readAgain().finally(() => {
      this.reading = undefined;
    });
    return this.reading;
  }

  private async readAgain(): Promise<void> {
    this.triedAt = this.now();
    try {
      const text = await this.read();
      if (text !== this.known?.text) this.replaced += 1;
      this.known = { text, find: createLocalJWKSet(toKeySet(text)), readAt: this.now() };
      this.failure = undefined;
    } catch (error) {
      this.failure = error;
    }
  }
}

function toKeySet(text: string): JSONWebKeySet {
  return keySetSchema.parse(JSON.parse(text));
}
