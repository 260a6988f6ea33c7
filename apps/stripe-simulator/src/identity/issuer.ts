import { Injectable, Inject } from '@nestjs/common';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { JWK } from 'jose';
import { randomUUID } from 'node:crypto';
import type { SimulatorConfig } from '../config.js';
import { configToken } from '../tokens.js';

interface Identity {
  sub: string;
  email?: string | undefined;
  roles: string[];
}

/** A demo identity provider: JWTs under an RSA key that is made at start and lives as long as the process. */
@Injectable()
export class Issuer {
  private readonly keyId = randomUUID();
  private readonly keys = generateKeyPair('RS256');

  constructor(@Inject(configToken) private readonly config: SimulatorConfig) {}

  /** Good for eight hours of real time, whatever the account's clock says: services check it against their own. */
  async token({ sub, email, roles }: Identity): Promise<string> {
    const { privateKey } = await this.keys;
    return new SignJWT({ roles, ...(email !== undefined && { email }) })
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: this.keyId })
      .setSubject(sub)
      .setIssuer(this.config.publicUrl)
      .setAudience(this.config.audience)
      .setIssuedAt()
      .setExpirationTime('8h')
      .setJti(randomUUID())
      .sign(privateKey);
  }

  async keySet(): Promise<{ keys: JWK[] }> {
    const { publicKey } = await this.keys;
    return { keys: [{ ...(await exportJWK(publicKey)), kid: this.keyId, alg: 'RS256', use: 'sig' }] };
  }
}
