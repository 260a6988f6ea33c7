import { beforeAll, describe, expect, it } from '@jest/globals';
import { exportSPKI, generateKeyPair, SignJWT } from 'jose';
import type { CryptoKey, JWTHeaderParameters, JWTPayload } from 'jose';
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

interface Signing {
  key?: CryptoKey | Uint8Array;
  header?: Partial<JWTHeaderParameters>;
}

function sign(claims: JWTPayload, { key = privateKey, header }: Signing = {}): Promise<string> {
  const payload = {
    iss: 'https://id.test',
    aud: 'billhook',
    sub: 'user-1',
    exp: Math.floor(Date.now() / 1000) + 60,
    ...claims,
  };
  return new SignJWT(payload).setProtectedHeader({ alg: 'RS256', ...header }).sign(key);
}

async function refusalOf(token: string): Promise<string> {
  const error = await verifier.verify(token).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof Refused)) throw new Error(`expected a refusal, got ${String(error)}`);
  return error.code;
}

const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('token verifier', () => {
  it('says who the token speaks for, and drops roles it does not know', async () => {
    const token = await sign({ email: 'a@example.com', roles: ['ops', 'root'] });
    expect(await verifier.verify(token)).toMatchObject({ userId: 'user-1', email: 'a@example.com', roles: ['ops'] });
  });

  it('gives a token without roles the role user, and one with other roles none of ours', async () => {
    expect((await verifier.verify(await sign({}))).roles).toEqual(['user']);
    expect((await verifier.verify(await sign({ roles: 'ops' }))).roles).toEqual(['user']);
    expect((await verifier.verify(await sign({ roles: ['admin'] }))).roles).toEqual([]);
  });

  it('does without an e-mail address that is none', async () => {
    expect((await verifier.verify(await sign({ email: 'a\u0000@example.com' }))).email).toBeNull();
    expect((await verifier.verify(await sign({ email: `${'a'.repeat(320)}@example.com` }))).email).toBeNull();
  });

  const now = Math.floor(Date.now() / 1000);
  it.each<[string, JWTPayload, string]>([
    ['another issuer', { iss: 'https://evil.test' }, 'token_invalid'],
    ['an issuer that begins like ours', { iss: 'https://id.test.evil.test' }, 'token_invalid'],
    ['no issuer', { iss: undefined }, 'token_invalid'],
    ['another audience', { aud: 'someone-else' }, 'token_invalid'],
    ['no audience', { aud: undefined }, 'token_invalid'],
    ['no subject', { sub: undefined }, 'token_invalid'],
    ['an empty subject', { sub: '' }, 'token_invalid'],
    ['a subject of 256 characters', { sub: 'x'.repeat(256) }, 'token_invalid'],
    ['a subject that PostgreSQL could not keep', { sub: 'user\u0000' }, 'token_invalid'],
    ['no expiry', { exp: undefined }, 'token_invalid'],
    ['an expiry a minute ago', { exp: now - 60 }, 'token_expired'],
    ['a start in ten minutes', { nbf: now + 600 }, 'token_invalid'],
  ])('refuses a token with %s', async (_, claims, code) => {
    expect(await refusalOf(await sign(claims))).toBe(code);
  });

  it.each<[string, JWTPayload]>([
    ['expired three seconds ago', { exp: now - 3 }],
    ['begins in three seconds', { nbf: now + 3 }],
    ['names us among other audiences', { aud: ['other', 'billhook'] }],
  ])('takes a token that %s', async (_, claims) => {
    expect((await verifier.verify(await sign(claims))).userId).toBe('user-1');
  });

  it.each(['JWT', 'jwt', 'at+jwt', 'application/at+jwt'])('takes a token of the type %s', async (typ) => {
    expect((await verifier.verify(await sign({}, { header: { typ } }))).userId).toBe('user-1');
  });

  it.each(['logout+jwt', 'dpop+jwt', 'secevent+jwt', 'JWE', ''])('refuses one of the type %j', async (typ) => {
    expect(await refusalOf(await sign({}, { header: { typ } }))).toBe('token_invalid');
  });

  it("refuses another key's signature", async () => {
    expect(await refusalOf(await sign({}, { key: otherKey }))).toBe('token_invalid');
  });

  it('refuses HS256 signed with the public key as the secret', async () => {
    const key = new TextEncoder().encode(publicPem);
    expect(await refusalOf(await sign({}, { key, header: { alg: 'HS256' } }))).toBe('token_invalid');
  });

  it.each(['ES256', 'EdDSA', 'RS384', 'RS1'])('refuses a header that says %s for an RSA key', async (alg) => {
    const [, payload = '', signature = ''] = (await sign({})).split('.');
    expect(await refusalOf(`${encoded({ alg })}.${payload}.${signature}`)).toBe('token_invalid');
  });

  it('looks at no key that a token brings along or points to', async () => {
    const jwk = { kty: 'RSA', n: 'AQAB', e: 'AQAB' };
    for (const header of [{ jwk }, { jku: 'http://127.0.0.1:1/keys' }, { x5u: 'http://127.0.0.1:1/cert' }]) {
      expect(await refusalOf(await sign({}, { key: otherKey, header }))).toBe('token_invalid');
    }
  });

  it('refuses a header whose extensions it does not know', async () => {
    const [, payload = '', signature = ''] = (await sign({})).split('.');
    const header = encoded({ alg: 'RS256', crit: ['b65'], b65: true });
    expect(await refusalOf(`${header}.${payload}.${signature}`)).toBe('token_invalid');
  });

  it.each(['', 'a', 'a.b', 'a.b.c', 'e30.e30.', 'x'.repeat(9000)])('refuses %.12j as a token', async (token) => {
    expect(await refusalOf(token)).toBe('token_invalid');
  });

  it.each(['none', 'None', 'nOnE'])('refuses alg %s', async (alg) => {
    const token = `${encoded({ alg })}.${encoded({ sub: 'user-1', exp: now + 60 })}.`;
    expect(await refusalOf(token)).toBe('token_invalid');
  });

  it('refuses a token that was taken before, once it has expired', async () => {
    let clock = Date.now();
    const remembering = createTokenVerifier(configWith({ AUTH_PUBLIC_KEY: publicPem }), () => clock);
    const token = await sign({ exp: Math.floor(clock / 1000) + 60 });
    expect((await remembering.verify(token)).userId).toBe('user-1');
    clock += 66_000;
    await expect(remembering.verify(token)).rejects.toEqual(new Refused('token_expired'));
  });

  it('refuses one byte of the signature more, less or other, though the rest was taken before', async () => {
    const token = await sign({ sub: 'forged' });
    await verifier.verify(token);
    for (const other of [`${token}A`, token.slice(0, -1), token.slice(0, -4) + 'AAAA']) {
      expect(await refusalOf(other)).toBe('token_invalid');
    }
  });

  it('takes no key that is good for other algorithms only', async () => {
    const { publicKey } = await generateKeyPair('ES384', { extractable: true });
    const pem = await exportSPKI(publicKey);
    expect(() => createTokenVerifier(configWith({ AUTH_PUBLIC_KEY: pem }))).toThrow('secp384r1');
  });

  it('reports an identity provider that cannot be reached as retryable, not as a bad token', async () => {
    const unreachable = createTokenVerifier(configWith({ AUTH_JWKS_URL: 'http://127.0.0.1:1/jwks.json' }));
    await expect(unreachable.verify(await sign({}))).rejects.toBeInstanceOf(Retryable);
  });
});
