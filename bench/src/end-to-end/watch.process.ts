import { generateKeyPairSync } from 'node:crypto';
import type { Lab } from '../lab.js';
import { runProgram } from '../load/load.process.js';
import { watchResult } from './job.js';
import type { WatchJob, WatchResult } from './job.js';

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

/** Sends events at a rate to a system that runs, and watches when they become visible. */
export function watchEvents(
  lab: Lab,
  job: Pick<WatchJob, 'run' | 'from' | 'rate' | 'seconds' | 'warmUpSeconds'>,
): Promise<WatchResult> {
  const { gateway, 'webhook-ingress': ingress } = lab.settings;
  const whole = {
    ...job,
    ingressPort: lab.ports['webhook-ingress'],
    gatewayPort: lab.ports.gateway,
    secret: ingress['STRIPE_WEBHOOK_SECRET'],
    databaseUrl: lab.place.databaseUrls.gateway,
    privateKey: keys.privateKey,
    issuer: gateway['AUTH_ISSUER'],
    audience: gateway['AUTH_AUDIENCE'],
  };
  const program = { name: 'load-watch', script: 'bench/src/end-to-end/watch-main.js' };
  return runProgram(lab, program, whole, watchResult);
}
