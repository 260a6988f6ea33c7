import { importPKCS8, SignJWT } from 'jose';
import { generateKeyPairSync } from 'node:crypto';
import { z } from 'zod';
import type { Lab } from '../lab.js';

/** Of this run alone: the pretend Stripe, which issues the demo's tokens, is no part of what is measured. */
const keys = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});

/** The same lab with services that believe our tokens. */
export function withOwnTokens(lab: Lab): Lab {
  const believing = (settings: Readonly<Record<string, string>>): Record<string, string> => {
    const { AUTH_JWKS_URL: _replaced, ...others } = settings;
    return { ...others, AUTH_PUBLIC_KEY: keys.publicKey };
  };
  const { gateway, subscription, audit } = lab.settings;
  const settings = {
    ...lab.settings,
    gateway: believing(gateway),
    subscription: believing(subscription),
    audit: believing(audit),
  };
  return { ...lab, settings };
}

/** What a load generator signs its users' tokens with. */
export const tokenMaking = {
  /** PEM, PKCS#8. */
  privateKey: z.string(),
  issuer: z.string(),
  audience: z.string(),
};
export type TokenMaking = z.infer<z.ZodObject<typeof tokenMaking>>;

export function tokenMakingOf({ settings: { gateway } }: Lab): Partial<TokenMaking> {
  return { privateKey: keys.privateKey, issuer: gateway['AUTH_ISSUER'], audience: gateway['AUTH_AUDIENCE'] };
}

export async function tokensFor(
  userIds: readonly string[],
  making: TokenMaking,
  roles: readonly string[] = ['user'],
): Promise<string[]> {
  const key = await importPKCS8(making.privateKey, 'RS256');
  return Promise.all(
    userIds.map((userId) =>
      new SignJWT({ roles })
        .setProtectedHeader({ alg: 'RS256', typ: 'JWT' })
        .setSubject(userId)
        .setIssuer(making.issuer)
        .setAudience(making.audience)
        .setIssuedAt()
        .setExpirationTime('1h')
        .sign(key),
    ),
  );
}
