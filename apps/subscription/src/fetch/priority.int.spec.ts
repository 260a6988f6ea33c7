import { dataSourceOptions } from '@billhook/database';
import { started, waitFor } from '@billhook/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { CustomerStory } from '../customer-story.spec-support.js';
import type { FetchRequest } from '../ledger/ledger.js';
import { fromGateway } from '../messages.spec-support.js';
import { World } from '../running-service.spec-support.js';
import { thinEvent } from '../thin-event.spec-support.js';
import { DueLooks } from '../timers/due-looks.store.js';
import { specRules } from '../replica.spec-support.js';
import { PendingFetchEntity } from './pending-fetch.entity.js';
import { PendingFetchStore, unknownAtStripe } from './pending-fetch.store.js';

let world: World;
let dataSource: DataSource;
let store: PendingFetchStore;

beforeAll(async () => {
  world = await World.create();
  const options = { url: world.databaseUrl, schema: 'subscription', applicationName: 'priority-spec' };
  dataSource = await new DataSource(dataSourceOptions({ ...options, entities: [PendingFetchEntity] })).initialize();
  store = new PendingFetchStore(dataSource);
});

afterAll(async () => {
  await dataSource?.destroy();
  await world?.end();
});

afterEach(async () => {
  await world.query('DELETE FROM pending_fetch');
});

function question(subscriptionId: string, background?: FetchRequest['background']): FetchRequest {
  const at = new Date(started * 1000);
  return {
    subscriptionId,
    customerId: null,
    reason: 'spec',
    causeId: `cause_${subscriptionId}`,
    at,
    ...(background && { background }),
  };
}

const ask = (...requests: FetchRequest[]) => store.request(dataSource.manager, requests);
const inBackground = (count: number, afterSeconds = 0) =>
  Array.from({ length: count }, (_, index) => question(`sub_background${index}`, { afterSeconds }));
const leased = async (background = true) => (await store.lease({ background }))?.subscriptionId;
const pausesOf = (subscriptionId: string) =>
  world.query<{ seconds: number; attempts: number }>(
    `SELECT extract(epoch FROM due_at - now())::float8 AS seconds, attempts FROM pending_fetch WHERE subscription_id = $1`,
    [subscriptionId],
  );

/** Leases what is due and puts it off, so often. */
async function putOff(times: number, by: 'unavailable' | 'unknownAtStripe'): Promise<void> {
  for (let turn = 0; turn < times; turn += 1) {
    await world.query('UPDATE pending_fetch SET due_at = now()');
    const fetch = await store.lease({ background: true });
    if (fetch === null) throw new Error('nothing was due');
    await store.postpone(fetch, unknownAtStripe, by);
  }
}

describe('a question that somebody waits for', () => {
  it('is the next of ten thousand that nobody waits for', async () => {
    await ask(...inBackground(10_000));
    await ask(question('sub_people'));
    expect(await leased()).toBe('sub_people');
    expect(await leased()).toMatch(/^sub_background/);
  });

  it('about what was asked in the background already goes to the front, and stays there', async () => {
    await ask(...inBackground(3));
    await ask(question('sub_background2'));
    await ask(question('sub_background2', { afterSeconds: 0 }));
    expect(await leased()).toBe('sub_background2');
  });

  it.each(['unavailable', 'unknownAtStripe'] as const)('brings forward what was put off: %s', async (by) => {
    await ask(question('sub_late'));
    await putOff(9, by);
    await ask(question('sub_late', { afterSeconds: 0 }));
    expect(await leased()).toBeUndefined();
    await ask(question('sub_late'));
    expect(await leased()).toBe('sub_late');
  });

  it('is not asked by a second one while a first is at it, and comes again at once if the first had no answer', async () => {
    await ask(question('sub_busy'));
    await putOff(9, 'unavailable');
    await world.query('UPDATE pending_fetch SET due_at = now()');
    const fetch = await store.lease({ background: true });
    await ask(question('sub_busy'));
    expect(await leased()).toBeUndefined();
    if (fetch === null) throw new Error('nothing was due');
    await store.postpone(fetch, 'stripe_unavailable');
    const [pause] = await pausesOf('sub_busy');
    expect(pause?.seconds).toBeLessThanOrEqual(1);
  });
});

describe('a question that many events ask', () => {
  const lease = async () => {
    const fetch = await store.lease({ background: true });
    if (fetch === null) throw new Error('nothing was due');
    return fetch;
  };

  it('is one question, and for those that come while it is under way one more', async () => {
    await Promise.all(Array.from({ length: 10 }, () => ask(question('sub_many'))));
    const first = await lease();
    expect(await leased()).toBeUndefined();
    await Promise.all(Array.from({ length: 10 }, () => ask(question('sub_many'))));
    await store.drop(first);
    await store.drop(await lease());
    expect(await leased()).toBeUndefined();
  });
});

describe('questions that nobody waits for', () => {
  it('are left where they are by whoever has no place for them', async () => {
    await ask(...inBackground(2));
    expect(await leased(false)).toBeUndefined();
    expect(await leased()).toBeDefined();
  });

  it('that are not due yet wait for their time', async () => {
    await ask(...inBackground(2, 60));
    expect(await leased()).toBeUndefined();
  });

  it('are not added to while many are due: a look waits in its row', async () => {
    const story = new CustomerStory('due');
    await world.query('INSERT INTO customer (customer_id) VALUES ($1)', [story.customerId]);
    await world.query(`INSERT INTO account (user_id, tier, version, body) VALUES ($1, 1, 1, '{}')`, [story.userId]);
    await world.query(
      `INSERT INTO subscription (subscription_id, customer_id, user_id, status, tier, current_period_end,
         cancel_at_period_end, stripe_created_at, past_due_is_exact, order_at, order_kind, order_state, order_events)
       VALUES ($1, $2, $3, 'active', 1, '2020-02-01', false, '2020-01-01', false, '2020-01-01', 'created', '', '{}')`,
      [story.subscriptionId, story.customerId, story.userId],
    );
    const looks = new DueLooks(dataSource, store);
    const rules = { ...specRules, now: new Date() };
    await ask(...inBackground(200));
    expect(await looks.takePage(rules)).toEqual({ asked: 0, isFull: false });
    expect(await leased()).toMatch(/^sub_background/);
    expect(await looks.takePage(rules)).toEqual({ asked: 1, isFull: false });
  });
});

describe('a subscription that we hold and Stripe does not know', () => {
  it('is asked about ever more rarely, at last once a day', async () => {
    await ask(question('sub_gone'));
    await putOff(8, 'unknownAtStripe');
    const [early] = await pausesOf('sub_gone');
    expect(early?.seconds).toBeGreaterThan(120);
    expect(early?.seconds).toBeLessThanOrEqual(256);
    await putOff(12, 'unknownAtStripe');
    const [late] = await pausesOf('sub_gone');
    expect(late?.seconds).toBeGreaterThan(43_000);
    expect(late?.seconds).toBeLessThanOrEqual(86_400);
  });
});

describe('a running service', () => {
  it('answers who waits before ten thousand that nobody waits for', async () => {
    await ask(...inBackground(10_000));
    await world.start();
    const thin = new CustomerStory('thin');
    world.stripe.subscriptions.set(thin.subscriptionId, thin.subscription());
    await world.publish(thinEvent(thin, { id: 'evt_thin' }));
    await waitFor('the answer', async () => (await world.accountOf(thin.userId))?.tier === 1);
    const [left] = await world.query<{ count: number }>('SELECT count(*)::int AS count FROM pending_fetch');
    expect(left?.count).toBeGreaterThan(9_000);
  });

  it('shows a question that Stripe cannot answer, and drops it once an event has ended the subscription', async () => {
    const story = new CustomerStory('vanished');
    const service = await world.start();
    const created = story.created();
    await world.publish(created);
    await world.outcomesOf(created.id);
    await world.publish(
      fromGateway({ type: 'billing.reconcile.requested', data: { subscription_id: story.subscriptionId } }),
    );
    const pending = () =>
      world.query('SELECT FROM pending_fetch WHERE subscription_id = $1 AND last_error = $2', [
        story.subscriptionId,
        unknownAtStripe,
      ]);
    await waitFor('the vain question', async () => (await pending()).length === 1);
    await world.query(`UPDATE pending_fetch SET due_at = now() + interval '1 day'`);
    const explained = await world.ops(service, `/v1/accounts/${story.userId}/explain`);
    expect(explained.body).toMatchObject({
      verdict: { tier: 1, alerts: [{ code: 'unknown_at_stripe' }] },
      pending_fetches: [{ subscription_id: story.subscriptionId, last_error: unknownAtStripe }],
    });
    await world.publish(story.deleted(60));
    await waitFor('the end of the question', async () => (await pending()).length === 0);
    expect(await world.accountOf(story.userId)).toMatchObject({ tier: 0 });
  });
});
