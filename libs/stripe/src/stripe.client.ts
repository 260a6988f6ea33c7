import { ConfigInvalid } from '@billhook/runtime';
import Stripe from 'stripe';
import { GatedHttpClient } from './gated-http.client.js';
import type { RequestPriority } from './request-budget.js';
import type { RequestGate } from './request-gate.client.js';

export interface StripeClientOptions {
  secretKey: string;
  /** Another server than Stripe's own, for demos and tests: `http://127.0.0.1:3004`. */
  apiBase?: string;
  /** Of the environment; production takes no `apiBase`. */
  nodeEnv: string;
  /** What its requests wait for; without one they are sent at once. */
  budget?: { gate: RequestGate; priority: RequestPriority };
}

/** The version our rules are written and tested against. An upgrade of the SDK must not change it in passing. */
export const stripeApiVersion = '2026-10-28.endive';

/**
 * Two tries and the pause between them stay below ten seconds; the SDK's own defaults add up to four minutes. The second try
 * carries the same idempotency key.
 */
const timeoutMs = 4_500;
const maxNetworkRetries = 1;

/** The one way to talk to Stripe. Throws ConfigInvalid where the settings would send a live key to a stranger. */
export function createStripeClient(options: StripeClientOptions): Stripe {
  const problems = stripeSettingProblems(options);
  if (problems.length > 0) throw new ConfigInvalid('the Stripe client', problems);
  return new Stripe(options.secretKey, {
    apiVersion: stripeApiVersion,
    timeout: timeoutMs,
    maxNetworkRetries,
    telemetry: false,
    appInfo: { name: 'billhook' },
    ...(options.budget === undefined
      ? {}
      : { httpClient: new GatedHttpClient(options.budget.gate, options.budget.priority) }),
    ...(options.apiBase === undefined ? {} : serverAt(options.apiBase)),
  });
}

/** What is wrong with the settings, in words for an operator; for a service's own list of problems. */
export function stripeSettingProblems({ secretKey, apiBase, nodeEnv }: StripeClientOptions): string[] {
  const problems: string[] = [];
  if (secretKey.trim() === '') problems.push('STRIPE_SECRET_KEY is missing');
  if (apiBase === undefined) return problems;
  if (!secretKey.startsWith('sk_test_')) {
    problems.push(
      'STRIPE_API_BASE is set, so STRIPE_SECRET_KEY must be a test key (sk_test_…): a live key goes to Stripe only',
    );
  }
  if (nodeEnv === 'production') problems.push('STRIPE_API_BASE must not be set with NODE_ENV=production');
  if (!isServerUrl(apiBase)) problems.push('STRIPE_API_BASE must be an http or https URL without a path');
  return problems;
}

function isServerUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, pathname, search, hash } = new URL(text);
  return (protocol === 'http:' || protocol === 'https:') && pathname === '/' && search === '' && hash === '';
}

function serverAt(apiBase: string): Pick<Stripe.StripeConfig, 'host' | 'port' | 'protocol'> {
  const { protocol, hostname, port } = new URL(apiBase);
  const isTls = protocol === 'https:';
  return { host: hostname, port: port === '' ? (isTls ? 443 : 80) : Number(port), protocol: isTls ? 'https' : 'http' };
}
