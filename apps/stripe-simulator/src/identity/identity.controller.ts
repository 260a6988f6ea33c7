import { Body, Controller, Get, HttpCode, Inject, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { SimulatorConfig } from '../config.js';
import { sendPage } from '../pages/send.js';
import { parseControl } from '../control/body.js';
import { configToken } from '../tokens.js';
import { Issuer } from './issuer.js';
import { signInPage } from './sign-in.page.js';

const tokenRequest = z
  .strictObject({
    sub: z.string().min(1).max(255).optional(),
    email: z.email().optional(),
    roles: z.array(z.string().min(1)).default(['user']),
  })
  .transform(({ sub, email, roles }, context) => {
    const known = sub ?? (email === undefined ? undefined : subOf(email));
    if (known !== undefined) return { sub: known, email, roles };
    context.addIssue({ code: 'custom', path: ['sub'], message: 'Give a sub or an email.' });
    return z.NEVER;
  });

/** The demo identity provider: who signs in here is whoever they say they are. */
@Controller()
export class IdentityController {
  constructor(
    private readonly issuer: Issuer,
    @Inject(configToken) private readonly config: SimulatorConfig,
  ) {}

  @Get('.well-known/jwks.json')
  keys() {
    return this.issuer.keySet();
  }

  @Get('.well-known/openid-configuration')
  configuration() {
    return {
      issuer: this.config.publicUrl,
      jwks_uri: `${this.config.publicUrl}/.well-known/jwks.json`,
      authorization_endpoint: `${this.config.publicUrl}/sign-in`,
      id_token_signing_alg_values_supported: ['RS256'],
      response_types_supported: ['token'],
      subject_types_supported: ['public'],
    };
  }

  @Post('_simulator/identity/token')
  @HttpCode(200)
  async token(@Body() body: unknown): Promise<{ token: string }> {
    return { token: await this.issuer.token(parseControl(tokenRequest, body)) };
  }

  @Get('sign-in')
  signIn(@Query('return_to') returnTo: unknown, @Res() reply: FastifyReply): void {
    const target = safeTarget(typeof returnTo === 'string' ? returnTo : '', this.config.gatewayUrl);
    void sendPage(reply, 200, signInPage(this.config.gatewayUrl, target));
  }
}

/** Whoever gives only an e-mail address is the same user each time, however they write its letters. */
const subOf = (email: string) => `user_${createHash('sha256').update(email.toLowerCase()).digest('hex').slice(0, 12)}`;

/** Only back to the gateway's host, where its cookie goes, which knows no ports: anything else would make this page an open redirect. */
export function safeTarget(returnTo: string, gatewayUrl: string): string {
  const fallback = `${gatewayUrl}/pricing`;
  if (returnTo === '' || !URL.canParse(returnTo, gatewayUrl)) return fallback;
  const target = new URL(returnTo, gatewayUrl);
  const gateway = new URL(gatewayUrl);
  const isSameHost = target.protocol === gateway.protocol && target.hostname === gateway.hostname;
  return isSameHost ? target.href : fallback;
}
