import { beforeAll, describe, expect, it } from '@jest/globals';
import { exportSPKI, generateKeyPair, SignJWT } from 'jose';
import type { CryptoKey, JWTPayload } from 'jose';
import { AuthenticatedConfig } from './config.js';
import { Refused, Retryable } from './errors.js';
import { createTokenVerifier } from './token-verifier.client.js';
import type { TokenVerifier } from './token-verifier.client.js';

let privateKey: CryptoKey;
let otherKey: CryptoKey;
let publicPem: string;
let verifier: TokenVerifier;

function configWith(settings: Partial<AuthenticatedConfig>): AuthenticatedConfig {
  return Object.assign(
    new AuthenticatedConfig(),
    { AUTH_ISSUER: 'https://id.test', AUTH_AUDIENCE: 'billhook' },
    settings,
  );
}

beforeAll(async () => {
  const pair = await generateKeyPair('RS256');
  privateKey = pair.privateKey;
  publicPem = await exportSPKI(pair.publicKey);
  otherKey = (await generateKeyPair('RS256')).privateKey;
  verifier = createTokenVerifier(configWith({ AUTH_PUBLIC_KEY: publicPem }));
});

function sign(claims: JWTPayload, options: { key?: CryptoKey | Uint8Array; alg?: string } = {}): Promise<string> {
  const payload = {
    iss: 'https://id.test',
    aud: 'billhook',
    sub: 'user-1',
    exp: Math.floor(Date.now() / 1000) + 60,
    ...claims,
  };
  return new SignJWT(payload).setProtectedHeader({ alg: options.alg ?? 'RS256' }).sign(options.key ?? privateKey);
}

async function refusalOf(token: string): Promise<string> {
  const error = await verifier.verify(token).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof Refused)) throw new Error(`expected a refusal, got ${String(error)}`);
  return error.code;
}

describe('token verifier', () => {
  it('says who the token speaks for, and drops roles it does not know', async () => {
    const token = await sign({ email: 'a@example.com', roles: ['ops', 'root'] });
    expect(await verifier.verify(token)).toMatchObject({ userId: 'user-1', email: 'a@example.com', roles: ['ops'] });
  });

  it('gives a token without roles the role user', async () => {
    expect((await verifier.verify(await sign({}))).roles).toEqual(['user']);
  });

  const now = Math.floor(Date.now() / 1000);
  it.each<[string, JWTPayload, string]>([
    ['another issuer', { iss: 'https://evil.test' }, 'token_invalid'],
    ['another audience', { aud: 'someone-else' }, 'token_invalid'],
    ['no subject', { sub: undefined }, 'token_invalid'],
    ['an empty subject', { sub: '' }, 'token_invalid'],
    ['a subject of 256 characters', { sub: 'x'.repeat(256) }, 'token_invalid'],
    ['no expiry', { exp: undefined }, 'token_invalid'],
    ['an expiry a minute ago', { exp: now - 60 }, 'token_expired'],
    ['a start in ten minutes', { nbf: now + 600 }, 'token_invalid'],
  ])('refuses a token with %s', async (_, claims, code) => {
    expect(await refusalOf(await sign(claims))).toBe(code);
  });

  it("refuses another key's signature", async () => {
    expect(await refusalOf(await sign({}, { key: otherKey }))).toBe('token_invalid');
  });

  it('refuses HS256 signed with the public key as the secret', async () => {
    expect(await refusalOf(await sign({}, { key: new TextEncoder().encode(publicPem), alg: 'HS256' }))).toBe(
      'token_invalid',
    );
  });

  it.each(['', 'a', 'a.b', 'a.b.c', 'e30.e30.', 'x'.repeat(9000)])('refuses %.12j as a token', async (token) => {
    expect(await refusalOf(token)).toBe('token_invalid');
  });

  it('refuses alg none', async () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const token = `${part({ alg: 'none' })}.${part({ sub: 'user-1', exp: now + 60 })}.`;
    expect(await refusalOf(token)).toBe('token_invalid');
  });

  it('reports an identity provider that cannot be reached as retryable, not as a bad token', async () => {
    const unreachable = createTokenVerifier(configWith({ AUTH_JWKS_URL: 'http://127.0.0.1:1/jwks.json' }));
    await expect(unreachable.verify(await sign({}))).rejects.toBeInstanceOf(Retryable);
  });
});
