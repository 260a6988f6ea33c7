import { toHeaders } from '@billhook/contracts';
import { aStripeEvent, infrastructureOfThisRun, signStripe, waitFor } from '@billhook/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { startSystem } from '../demo/src/start-system.process.js';
import type { StartedSystem } from '../demo/src/start-system.process.js';
import { submitCard } from '../demo/src/story-checkout.client.js';
import { StoryWorld } from '../demo/src/story-world.client.js';
import {
  asPerson,
  dumpEverySchema,
  formsOf,
  letDie,
  linesAbout,
  person,
  readEveryLog,
  readEveryQueue,
} from './person.spec-support.js';

const schemas = ['audit', 'gateway', 'subscription'];
const sessionAnswer = z.object({ url: z.string() });
const erasureAnswer = z.object({ state: z.string(), waiting_for: z.array(z.string()) });
const parkedAnswer = z.object({ status: z.string() });

let started: StartedSystem;
let world: StoryWorld;
let token: string;
let opsToken: string;

beforeAll(async () => {
  started = await startSystem({ infrastructure: infrastructureOfThisRun(), say: () => undefined });
  world = new StoryWorld(started.system);
  token = await world.tokenFor({ sub: world.userId, email: person.email });
  opsToken = await world.tokenFor({ sub: 'olive', roles: ['ops'] });
});

afterAll(async () => {
  await started?.stop();
});

/** Signs in, pays, and is known to Stripe by name and street. Resolves with the customer's id. */
async function subscribes(): Promise<string> {
  const gateway = started.system.gatewayUrl;
  const body = { tier: 1, billing_cycle: 'monthly' };
  const { text } = await asPerson(`${gateway}/v1/checkout-sessions`, { method: 'POST', token, body });
  const paid = await submitCard(world, sessionAnswer.parse(JSON.parse(text)).url, '4242 4242 4242 4242');
  expect(paid.status).toBe(303);
  const [customer] = (await world.stripe.customers.list({ email: person.email })).data;
  if (customer === undefined) throw new Error('Stripe knows nobody by this address');
  await world.stripe.customers.update(customer.id, { name: person.name, metadata: { street: person.street } });
  await waitFor('Pro', async () => {
    const { text: account } = await asPerson(`${gateway}/v1/account`, { method: 'GET', token });
    return account.includes('"tier":1');
  });
  return customer.id;
}

/** Really signed, and of a shape that nobody understands. Resolves once it is parked. */
async function sendsWhatIsParked(customerId: string): Promise<void> {
  const event = aStripeEvent('customer.subscription.updated', { customer: customerId, ...person });
  const body = JSON.stringify(event);
  const response = await fetch(`${started.system.ingressUrl}/webhook/stripe`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'stripe-signature': signStripe(body, started.system.webhookSecret) },
    body,
  });
  expect(response.status).toBe(200);
  await waitFor('it to be parked', async () => {
    const answer = await world.asOps(`${started.system.subscriptionUrl}/v1/events/${event.id}`);
    return parkedAnswer.parse(await answer.json()).status === 'parked';
  });
}

/** An event of ours, and what is no event at all. */
async function sendsWhatDies(): Promise<void> {
  const data = { user_id: world.userId, email: person.email };
  const headers = toHeaders({
    id: randomUUID(),
    source: 'billhook/gateway',
    type: 'billing.account.opened',
    subject: world.userId,
    time: new Date().toISOString(),
    actor: `user:${world.userId}`,
    remoteaddress: person.ip,
    useragent: person.userAgent,
  });
  await letDie(started, { headers, body: Buffer.from(JSON.stringify(data)) });
  await letDie(started, { body: Buffer.from(JSON.stringify(data).slice(0, -1)) });
}

/** Ops look the person up by what is personal, wherever one can. */
async function areLookedUp(): Promise<void> {
  const questions = [`ip=${person.ip}`, `q=${encodeURIComponent(person.email)}`, `user_id=${world.userId}`];
  for (const question of questions) {
    const answer = await world.asOps(`${started.system.auditUrl}/v1/entries?${question}`);
    expect(answer.status).toBe(200);
    await answer.text();
  }
}

/** Asks for the erasure. Resolves once every service has answered. */
async function erased(): Promise<void> {
  const url = `${started.system.gatewayUrl}/v1/users/${world.userId}`;
  const response = await fetch(`${url}/erase`, {
    method: 'POST',
    headers: { authorization: `Bearer ${opsToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ reason: 'ticket 4711' }),
  });
  expect(response.status).toBe(202);
  await waitFor('every service’s answer', async () => {
    const answer = await world.asOps(`${url}/erasure`);
    return erasureAnswer.parse(await answer.json()).state === 'complete';
  });
}

/** All that Stripe had to say, the end of the subscription too, is in the trail. */
async function everythingHasArrived(customerId: string): Promise<void> {
  await world.simulator('advance', { seconds: 0, wait_for_deliveries: true });
  const events = await world.stripe.events.list({ limit: 100 }).autoPagingToArray({ limit: 1_000 });
  const ids = events.filter((event) => JSON.stringify(event).includes(customerId)).map(({ id }) => id);
  expect(ids.length).toBeGreaterThan(5);
  await waitFor('every event to be in the trail', async () => {
    const entries = new Set((await world.entries({ user_id: world.userId })).map(({ id }) => id));
    return ids.every((id) => entries.has(id));
  });
}

const inSchemas = async (): Promise<[string, string[]][]> =>
  [...(await dumpEverySchema(started))].map(([schema, text]) => [schema, linesAbout(text)]);

describe('F69: the erasure of a person from the running system', () => {
  it('leaves no byte of them in any table or queue, nor in any service’s log', async () => {
    const customerId = await subscribes();
    await sendsWhatIsParked(customerId);
    await sendsWhatDies();
    await areLookedUp();
    await waitFor('the dead letters to be taken', async () => (await readEveryQueue(started)) === '');
    const before = await inSchemas();
    expect(before.flatMap(([schema, lines]) => (lines.length > 0 ? [schema] : []))).toEqual(schemas);

    await erased();
    await everythingHasArrived(customerId);

    expect((await inSchemas()).flatMap(([, lines]) => lines)).toEqual([]);
    expect(linesAbout(await readEveryQueue(started))).toEqual([]);
    expect(linesAbout(readEveryLog(started))).toEqual([]);
    const { data } = await world.stripe.customers.list({ email: person.email });
    expect(data.map(({ id }) => id)).toEqual([customerId]);
  });

  it('is looked for in every form that bytes are kept in', () => {
    for (const padding of ['', 'a', 'bc']) {
      const bytes = Buffer.from(`${padding}${person.email} and more`);
      expect(linesAbout(bytes.toString('base64'))).toHaveLength(1);
      expect(linesAbout(bytes.toString('hex'))).toHaveLength(1);
    }
    expect(formsOf(person.email)).toHaveLength(5);
  });
});
