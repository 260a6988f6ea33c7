import type { RunningService } from '@billhook/runtime';
import { started, waitFor } from '@billhook/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { CustomerStory } from '../customer-story.spec-support.js';
import { World } from '../running-service.spec-support.js';
import { thinEvent } from '../thin-event.spec-support.js';
import { alone, reconcile, reportOf, request, untilEnded } from './reconcile.spec-support.js';

let world: World;
let service: RunningService;

beforeAll(async () => {
  world = await World.create();
  service = await world.start();
});

afterEach(() => {
  world.stripe.onList = () => undefined;
  world.stripe.subscriptions.clear();
  world.stripe.invoices.length = 0;
  world.stripe.clock = null;
  world.stripe.mayReadInvoices = true;
});

afterAll(async () => {
  await world?.end();
});

/** Known here and at Stripe, equally. */
async function known(...names: string[]): Promise<CustomerStory[]> {
  const stories = names.map((name) => new CustomerStory(name));
  const events = stories.map((story) => story.created());
  await world.publish(...events);
  await world.outcomesOf(...events.map(({ id }) => id));
  for (const story of stories) world.stripe.subscriptions.set(story.subscriptionId, story.subscription());
  return stories;
}

const invoiceOf = (subscription: string, second: number, status: string) => ({
  id: `in_${subscription}_${second}`,
  created: second - 3_600,
  subscription,
  status,
  due_date: null,
  status_transitions: { finalized_at: second },
});

const rowOf = async (story: CustomerStory) =>
  (await world.query('SELECT * FROM subscription WHERE subscription_id = $1', [story.subscriptionId]))[0];

describe('a sweep', () => {
  it('finds nothing where both sides say the same', async () => {
    await alone(world);
    await known('same1', 'same2');
    const before = world.stripe.asked.length;
    const report = await reconcile(world, service, { kind: 'sweep' });
    expect(report).toMatchObject({ state: 'finished', drift: [], counts: { listed: 2 } });
    expect(report.counts).not.toHaveProperty('suspected');
    expect(world.stripe.asked).toHaveLength(before);
  });

  it('F63: finds and mends what no event has told: a change, a subscription, an end', async () => {
    await alone(world);
    const [changed, ended] = await known('changed', 'ended');
    const missing = new CustomerStory('missing');
    if (changed === undefined || ended === undefined) throw new Error('two were made');
    const { subscriptions } = world.stripe;
    subscriptions.set(changed.subscriptionId, changed.onPrice('price_elite_monthly'));
    subscriptions.set(ended.subscriptionId, ended.subscription({ status: 'canceled', ended_at: started + 60 }));
    subscriptions.set(missing.subscriptionId, missing.subscription());
    const report = await reconcile(world, service, { kind: 'sweep' });
    expect(report).toMatchObject({
      counts: { listed: 3, missing: 1, different: 2, repaired: 3 },
      drift: [
        {
          subscription_id: 'sub_changed',
          kind: 'different',
          state: 'repaired',
          user_id: 'user-changed',
          fields: [
            { field: 'price_id', ours: 'price_pro_monthly', stripe: 'price_elite_monthly' },
            { field: 'tier', ours: 1, stripe: 2 },
          ],
        },
        {
          subscription_id: 'sub_ended',
          fields: expect.arrayContaining([{ field: 'status', ours: 'active', stripe: 'canceled' }]),
        },
        { subscription_id: 'sub_missing', kind: 'missing', state: 'repaired' },
      ],
    });
    expect(await world.accountOf(changed.userId)).toMatchObject({ tier: 2 });
    expect(await world.accountOf(ended.userId)).toMatchObject({ tier: 0 });
    expect(await world.accountOf(missing.userId)).toMatchObject({ tier: 1 });
    expect(await world.typesToldOf(changed.userId)).toEqual([
      'billing.subscription.started',
      'billing.tier.changed',
      'billing.account.changed',
      'billing.drift.found',
      'billing.subscription.changed',
      'billing.tier.changed',
      'billing.account.changed',
      'billing.drift.repaired',
    ]);
    expect(await world.told('billing.drift.found', missing.userId)).toMatchObject([
      { run_id: report.id, kind: 'missing', dry_run: false },
    ]);
  });

  it('F63: gives a failed renewal its whole grace where neither the end of the failure before nor its own events came', async () => {
    await alone(world);
    const [story] = await known('fails-again');
    if (story === undefined) throw new Error('one was made');
    const day = 86_400;
    const failed = story.subscription({ status: 'past_due' });
    await world.publish(story.updated(day, failed, { status: 'active' }));
    await waitFor('past due', async () => (await rowOf(story))?.['status'] === 'past_due');
    world.stripe.subscriptions.set(story.subscriptionId, story.onPrice('price_elite_monthly', { status: 'past_due' }));
    world.stripe.invoices.push(
      invoiceOf(story.subscriptionId, started + day, 'paid'),
      invoiceOf(story.subscriptionId, started + 31 * day, 'open'),
      invoiceOf('sub_other', started, 'open'),
    );
    world.stripe.clock = new Date((started + 32 * day) * 1000);
    await reconcile(world, service, { kind: 'sweep' });
    expect(await rowOf(story)).toMatchObject({ tier: 2, past_due_since: new Date((started + 31 * day) * 1000) });
    expect(await world.accountOf(story.userId)).toMatchObject({ tier: 2 });
  });

  it('mends what is past due though its key may not read invoices', async () => {
    await alone(world);
    const [story] = await known('restricted');
    if (story === undefined) throw new Error('one was made');
    world.stripe.subscriptions.set(story.subscriptionId, story.subscription({ status: 'past_due' }));
    world.stripe.mayReadInvoices = false;
    const report = await reconcile(world, service, { kind: 'sweep' });
    expect(report).toMatchObject({ state: 'finished', counts: { different: 1, repaired: 1 } });
    expect(await rowOf(story)).toMatchObject({ status: 'past_due', past_due_is_exact: false });
  });

  it('believes Stripe’s second answer where the last invoice was paid after the first', async () => {
    await alone(world);
    const [story] = await known('paid-meanwhile');
    if (story === undefined) throw new Error('one was made');
    const { subscriptionId } = story;
    world.stripe.subscriptions.set(subscriptionId, story.onPrice('price_elite_monthly', { status: 'past_due' }));
    world.stripe.invoices.push(invoiceOf(subscriptionId, started, 'paid'));
    world.stripe.onList = (query) => {
      if (query.includes(`subscription=${subscriptionId}`))
        world.stripe.subscriptions.set(subscriptionId, story.onPrice('price_elite_monthly'));
    };
    await reconcile(world, service, { kind: 'sweep' });
    expect(await rowOf(story)).toMatchObject({ status: 'active', tier: 2 });
  });

  it('F63: begins when Stripe says that it could not make some events', async () => {
    await alone(world);
    const [story] = await known('unmade');
    if (story === undefined) throw new Error('one was made');
    world.stripe.subscriptions.set(story.subscriptionId, story.onPrice('price_elite_monthly'));
    const type = 'v2.core.health.event_generation_failure.resolved';
    await world.publish(thinEvent(story, { id: 'evt_not_made' }, { type, related_object: null }));
    await waitFor('the tier', async () => (await world.accountOf(story.userId))?.tier === 2);
    const asked = `SELECT kind, requested_by, note FROM reconcile_run WHERE note = 'evt_not_made'`;
    expect(await world.query(asked)).toEqual([{ kind: 'sweep', requested_by: 'stripe', note: 'evt_not_made' }]);
    await waitFor('its end', async () => {
      const open = await world.query('SELECT FROM reconcile_run WHERE finished_at IS NULL');
      return open.length === 0;
    });
  });

  it('F64: run twice finds nothing the second time', async () => {
    await alone(world);
    const [story] = await known('twice');
    if (story === undefined) throw new Error('one was made');
    world.stripe.subscriptions.set(story.subscriptionId, story.onPrice('price_elite_monthly'));
    expect((await reconcile(world, service, { kind: 'sweep' })).counts).toMatchObject({ repaired: 1 });
    expect((await reconcile(world, service, { kind: 'sweep' })).drift).toEqual([]);
    expect(await world.told('billing.drift.found', story.userId)).toHaveLength(1);
  });

  it('only looks, in a dry run', async () => {
    await alone(world);
    const [story] = await known('dry');
    if (story === undefined) throw new Error('one was made');
    world.stripe.subscriptions.set(story.subscriptionId, story.onPrice('price_elite_monthly'));
    const before = await rowOf(story);
    const report = await reconcile(world, service, { kind: 'sweep', dry_run: true });
    expect(report).toMatchObject({ dry_run: true, counts: { different: 1 }, drift: [{ state: 'found' }] });
    expect(await rowOf(story)).toEqual(before);
    expect(await world.accountOf(story.userId)).toMatchObject({ tier: 1 });
    expect(await world.told('billing.drift.found', story.userId)).toMatchObject([{ dry_run: true }]);
  });

  it('mends a row that somebody has edited by hand', async () => {
    await alone(world);
    const [story] = await known('edited');
    if (story === undefined) throw new Error('one was made');
    await world.query(`UPDATE subscription SET tier = 2, cancel_at_period_end = true WHERE subscription_id = $1`, [
      story.subscriptionId,
    ]);
    expect(await reconcile(world, service, { kind: 'sweep' })).toMatchObject({
      drift: [
        { state: 'repaired', fields: [{ field: 'tier', ours: 2, stripe: 1 }, { field: 'cancel_at_period_end' }] },
      ],
    });
    expect(await rowOf(story)).toMatchObject({ tier: 1, cancel_at_period_end: false, order_kind: 'fetched' });
  });

  it('takes nobody’s tier for what Stripe does not know, and says so', async () => {
    await alone(world);
    const [story] = await known('extra');
    if (story === undefined) throw new Error('one was made');
    world.stripe.subscriptions.delete(story.subscriptionId);
    expect(await reconcile(world, service, { kind: 'sweep' })).toMatchObject({
      counts: { extra: 1, unresolved: 1 },
      drift: [{ kind: 'extra', state: 'unresolved', reason: 'unknown_at_stripe' }],
    });
    expect(await world.accountOf(story.userId)).toMatchObject({ tier: 1 });
    expect(await world.told('billing.drift.found', story.userId)).toMatchObject([{ kind: 'extra' }]);
  });

  it('reports without a word to anybody what belongs to nobody it knows', async () => {
    await alone(world);
    const stranger = new CustomerStory('stranger', {});
    world.stripe.subscriptions.set(stranger.subscriptionId, stranger.subscription());
    expect(await reconcile(world, service, { kind: 'sweep' })).toMatchObject({
      counts: { unknown_customer: 1 },
      drift: [{ kind: 'missing', state: 'unresolved', reason: 'unknown_customer', user_id: null }],
    });
    expect(await world.typesToldOf(stranger.subscriptionId)).toEqual([]);
  });

  it('F64: takes an event that is still on its way for no drift', async () => {
    await alone(world);
    const [story] = await known('racing');
    if (story === undefined) throw new Error('one was made');
    const patient = await world.start({ SWEEP_SETTLE_SECONDS: 2 });
    await world.stop(service);
    const elite = story.onPrice('price_elite_monthly');
    world.stripe.subscriptions.set(story.subscriptionId, elite);
    const run = await request(world, patient, { kind: 'sweep' });
    await waitFor('the suspicion', async () => (await reportOf(world, patient, run)).counts['suspected'] === 1);
    await world.publish(story.updated(30, elite, { items: story.subscription().items }));
    const report = await untilEnded(world, patient, run);
    expect(report).toMatchObject({ state: 'finished', drift: [] });
    expect(await rowOf(story)).toMatchObject({ order_kind: 'updated', tier: 2 });
    expect(await world.typesToldOf(story.userId)).not.toContain('billing.drift.found');
    await world.stop(patient);
    service = await world.start();
  });

  it('F64: does not undo what is newer than the page it compares', async () => {
    await alone(world);
    const [story] = await known('newer');
    if (story === undefined) throw new Error('one was made');
    const old = story.subscription({ cancel_at_period_end: true });
    world.stripe.subscriptions.set(story.subscriptionId, old);
    world.stripe.clock = new Date((started + 100) * 1_000);
    const elite = story.onPrice('price_elite_monthly');
    // While the list is on its way Stripe changes this one, and the event is quicker.
    world.stripe.onList = async () => {
      world.stripe.subscriptions.set(story.subscriptionId, elite);
      world.stripe.clock = null;
      const event = story.updated(200, elite, { items: story.subscription().items });
      await world.publish(event);
      await world.outcomesOf(event.id);
    };
    const run = await request(world, service, { kind: 'sweep' });
    expect(await untilEnded(world, service, run)).toMatchObject({ counts: { suspected: 1 }, drift: [] });
    expect(await rowOf(story)).toMatchObject({ tier: 2, cancel_at_period_end: false, order_kind: 'updated' });
    expect(await world.accountOf(story.userId)).toMatchObject({ tier: 2 });
  });

  it('is refused while one of its kind is under way', async () => {
    await alone(world);
    let go: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (go = resolve));
    world.stripe.onList = () => held;
    const run = await request(world, service, { kind: 'sweep' });
    expect(await world.order(service, '/v1/reconcile', { dry_run: true, kind: 'sweep' })).toMatchObject({
      status: 409,
      body: { code: 'reconcile_under_way', detail: expect.stringContaining(run) },
    });
    go();
    expect(await untilEnded(world, service, run)).toMatchObject({ state: 'finished' });
  });

  it('waits while Stripe is not well, and says what it waits for', async () => {
    await alone(world);
    await known('unwell');
    world.stripe.failures = Number.POSITIVE_INFINITY;
    const run = await request(world, service, { kind: 'sweep' });
    await waitFor('the failure', async () => (await reportOf(world, service, run)).last_error === 'stripe_unavailable');
    world.stripe.failures = 0;
    expect(await untilEnded(world, service, run)).toMatchObject({ state: 'finished', attempts: 0, last_error: null });
  });
});

describe('a sweep that is given up', () => {
  it('keeps nothing of what it has listed', async () => {
    await alone(world);
    await known(...Array.from({ length: 120 }, (_, index) => `seen${String(index).padStart(3, '0')}`));
    world.stripe.onList = (query) => {
      if (new URLSearchParams(query).has('starting_after')) return;
      world.stripe.onList = () => undefined;
      world.stripe.knowsKey = false;
    };
    const report = await reconcile(world, service, { kind: 'sweep' });
    world.stripe.knowsKey = true;
    expect(report).toMatchObject({ state: 'failed', counts: { listed: 100 } });
    expect(await world.query('SELECT FROM reconcile_seen')).toEqual([]);
  });
});

describe('F64: a replica that dies in the middle of a sweep', () => {
  it('is followed by another, which carries on after the last page', async () => {
    await alone(world);
    await known(...Array.from({ length: 120 }, (_, index) => `many${String(index).padStart(3, '0')}`));
    const [one] = await known('zlast');
    if (one === undefined) throw new Error('one was made');
    world.stripe.subscriptions.set(one.subscriptionId, one.onPrice('price_elite_monthly'));
    /** What each page is asked for with: nothing, and then the last of the page before. */
    const asked: (string | null)[] = [];
    let isGone = false;
    const never = new Promise<void>(() => undefined);
    world.stripe.onList = (query) => {
      const after = new URLSearchParams(query).get('starting_after');
      asked.push(after);
      return after === null || isGone ? undefined : never;
    };
    const run = await request(world, service, { kind: 'sweep' });
    await waitFor('the second page', () => asked.length >= 2);
    await world.stop(service);
    isGone = true;
    service = await world.start();
    const report = await untilEnded(world, service, run, 30_000);
    expect(report).toMatchObject({ state: 'finished', counts: { listed: 121, repaired: 1 } });
    // The second is asked for by both, and by the one that ends perhaps twice: Stripe's SDK tries again what is not answered.
    expect(asked.filter((after) => after === null)).toHaveLength(1);
    expect(new Set(asked).size).toBe(2);
    expect(await world.query('SELECT FROM reconcile_seen')).toEqual([]);
  });
});

describe('two replicas', () => {
  /** Resolves once somebody has looked for a run to carry out so many times from now on. */
  async function untilLookedFor(times: number): Promise<void> {
    const admin = new Client({ connectionString: world.databaseAdminUrl });
    await admin.connect();
    try {
      const { rows: now } = await admin.query<{ at: string }>('SELECT clock_timestamp()::text AS at');
      const looks = new Set<string>();
      await waitFor('looks for a run', async () => {
        const { rows } = await admin.query<{ at: string }>(
          `SELECT query_start::text AS at FROM pg_stat_activity
           WHERE query LIKE '%FROM reconcile_run WHERE finished_at IS NULL AND due_at <= now()%'
             AND pid <> pg_backend_pid() AND datname = current_database() AND query_start > $1`,
          [now[0]?.at],
        );
        for (const { at } of rows) looks.add(at);
        return looks.size >= times;
      });
    } finally {
      await admin.end();
    }
  }

  it('are not at one run together: what one has begun, the other leaves to it', async () => {
    await alone(world);
    await known('led');
    const other = await world.start();
    let [asking, mostAtOnce] = [0, 0];
    const answer = Promise.withResolvers<void>();
    world.stripe.onList = (_, over) => {
      asking += 1;
      mostAtOnce = Math.max(mostAtOnce, asking);
      void over.then(() => (asking -= 1));
      return answer.promise;
    };
    const run = await request(world, service, { kind: 'sweep' });
    await waitFor('somebody to ask for a page', () => asking > 0);
    // By the one that does not wait for Stripe.
    await untilLookedFor(3);
    answer.resolve();
    expect(await untilEnded(world, service, run)).toMatchObject({ state: 'finished', counts: { listed: 1 } });
    // Whoever waits for too long may ask again, but nobody beside it.
    expect(mostAtOnce).toBe(1);
    await world.stop(other);
  });
});

describe('POST /v1/reconcile', () => {
  it('is for ops only', async () => {
    expect((await fetch(`${service.url}/v1/reconcile`, { method: 'POST' })).status).toBe(401);
    expect(await world.ops(service, '/v1/reconcile', ['user'])).toMatchObject({ status: 403 });
  });

  it.each([
    [{}, 'dry_run must be true or false'],
    [{ dry_run: true, kind: 'everything' }, 'kind must be one of reconcile, catch_up, sweep, republish'],
    [{ dry_run: true, note: '' }, 'note must be one line of at most 500 characters that says why'],
  ])('refuses %j', async (body, detail) => {
    expect(await world.order(service, '/v1/reconcile', body)).toMatchObject({
      status: 400,
      body: { code: 'request_invalid', detail },
    });
  });

  it.each(['nothing', '6c0a0d0e-5f4b-4a60-9d3c-0d6f3a1b2c3d'])('knows no run %s', async (id) => {
    expect(await world.ops(service, `/v1/reconcile/${id}`)).toMatchObject({ status: 404, body: { code: 'not_found' } });
  });
});
