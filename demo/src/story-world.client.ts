import { accountSchema } from '@billhook/contracts';
import { randomUUID } from 'node:crypto';
import Stripe from 'stripe';
import { z } from 'zod';
import { Browser } from './browser.client.js';
import type { Page } from './browser.client.js';
import type { RunningSystem } from './system.js';

const accountAnswer = accountSchema.extend({ pending: z.unknown() });
const entrySchema = z.object({
  id: z.string(),
  type: z.string(),
  ip: z.string().nullable(),
  user_agent: z.string().nullable(),
});
const entriesAnswer = z.object({ data: z.array(entrySchema), next_cursor: z.string().nullable() });
const tokenAnswer = z.object({ token: z.string() });

export type AccountAnswer = z.infer<typeof accountAnswer>;
export type Entry = z.infer<typeof entrySchema>;

export const storyUserAgent = 'Mozilla/5.0 (X11; Linux x86_64) Billhook-Story/1.0';
const answerWithinMs = 10_000;

/** The customer of one telling, with eyes on every part of the system. Each telling has a user of its own, so it can be repeated. */
export class StoryWorld {
  readonly userId = `story-${randomUUID().slice(0, 8)}`;
  readonly browser = new Browser(storyUserAgent);
  readonly stripe: Stripe;
  /** Where Checkout led back to after paying. */
  successUrl: string | undefined;
  private opsToken: string | undefined;

  constructor(readonly system: RunningSystem) {
    const { hostname, port } = new URL(system.simulatorUrl);
    this.stripe = new Stripe(system.stripeSecretKey, { host: hostname, port, protocol: 'http', telemetry: false });
  }

  /** A token of the demo identity provider. */
  async tokenFor(claims: { sub: string; email?: string; roles?: string[] }): Promise<string> {
    const answer = await this.simulator('identity/token', claims);
    return tokenAnswer.parse(answer).token;
  }

  /** One of the simulator's own controls. */
  async simulator(control: string, body: object): Promise<unknown> {
    const url = `${this.system.simulatorUrl}/_simulator/${control}`;
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(answerWithinMs),
    });
    return bodyOf(url, response);
  }

  async account(): Promise<AccountAnswer> {
    const page = await this.browser.get(`${this.system.gatewayUrl}/v1/account`);
    expectStatus(page, 200);
    return accountAnswer.parse(JSON.parse(page.body));
  }

  /** What the audit service lists for a filter, newest first, all pages of it. */
  async entries(filter: Record<string, string>): Promise<Entry[]> {
    const found: Entry[] = [];
    let cursor: string | null = null;
    do {
      const query = new URLSearchParams({ ...filter, limit: '200' });
      if (cursor !== null) query.set('cursor', cursor);
      const url = `${this.system.auditUrl}/v1/entries?${query.toString()}`;
      const answer = entriesAnswer.parse(await bodyOf(url, await this.asOps(url)));
      found.push(...answer.data);
      cursor = answer.next_cursor;
    } while (cursor !== null);
    return found;
  }

  async asOps(url: string): Promise<Response> {
    this.opsToken ??= await this.tokenFor({ sub: 'story-ops', roles: ['ops'] });
    const headers = { authorization: `Bearer ${this.opsToken}` };
    return fetch(url, { headers, signal: AbortSignal.timeout(answerWithinMs) });
  }

  async customerIdAtStripe(): Promise<string> {
    const customers = await this.stripe.customers.list({ email: `${this.userId}@example.com` });
    const [customer, ...others] = customers.data;
    if (customer === undefined) throw new Error('Stripe knows no customer with this e-mail');
    if (others.length > 0) throw new Error(`Stripe has ${customers.data.length} customers for one user`);
    return customer.id;
  }
}

async function bodyOf(url: string, response: Response): Promise<unknown> {
  const text = await response.text();
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${text.slice(0, 500)}`);
  return JSON.parse(text);
}

export function expectStatus(page: Page, status: number): void {
  if (page.status === status) return;
  throw new Error(`${page.url} answered ${page.status} instead of ${status}: ${page.body.slice(0, 500)}`);
}

export function expectThat(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(`expected ${what}`);
}
