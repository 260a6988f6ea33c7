import { createServer } from 'node:http';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

export interface TestIdentityProvider {
  issuer: string;
  audience: string;
  jwksUrl: string;
  /** A signed JWT. `expiresIn` as in '1h'; '-1s' makes an expired one. */
  tokenFor(claims: { sub: string; email?: string; roles?: string[]; expiresIn?: string }): Promise<string>;
  close(): Promise<void>;
}

const keyId = 'test-key';
const audience = 'billhook';

/** An RS256 key pair and a server on 127.0.0.1 that publishes its public half as a JWKS. */
export async function startTestIdentityProvider(): Promise<TestIdentityProvider> {
  const { publicKey, privateKey } = await generateKeyPair('RS256');
  const jwks = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: keyId, alg: 'RS256', use: 'sig' }] });
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(jwks);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the identity provider has no port');
  const issuer = `http://127.0.0.1:${address.port}`;

  return {
    issuer,
    audience,
    jwksUrl: `${issuer}/.well-known/jwks.json`,
    tokenFor: ({ sub, email, roles = ['user'], expiresIn = '1h' }) =>
      new SignJWT({ roles, ...(email !== undefined && { email }) })
        .setProtectedHeader({ alg: 'RS256', kid: keyId, typ: 'JWT' })
        .setSubject(sub)
        .setIssuer(issuer)
        .setAudience(audience)
        .setIssuedAt()
        .setExpirationTime(expiresIn)
        .sign(privateKey),
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
}
