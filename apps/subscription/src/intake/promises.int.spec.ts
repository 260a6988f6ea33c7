import { periodEnd, startCableProxy, started, waitFor } from '@billhook/testing';
import type { StripeEventBody } from '@billhook/testing';
import { afterAll, beforeAll, describe, expect, it, test } from '@jest/globals';
import { Client } from 'pg';
import { CustomerStory } from '../customer-story.spec-support.js';
import { fromStripe } from '../messages.spec-support.js';
import { World } from '../running-service.spec-support.js';

let world: World;

beforeAll(async () => {
  world = await World.create();
  await Promise.all([world.start(), world.start(), world.start()]);
});

afterAll(async () => {
  await world?.end();
});

async function versionsOf(story: CustomerStory): Promise<number[]> {
  return (await world.told('billing.account.changed', story.userId)).map(({ version }) => version);
}

async function rawOf(id: string): Promise<Buffer[]> {
  const rows = await world.query<{ body: Buffer }>('SELECT body FROM raw_event WHERE event_id = $1', [id]);
  return rows.map((row) => row.body);
}

describe('F13: text that jsonb and text columns refuse', () => {
  test.each([
    ['a NUL', String.raw`a\u0000b`],
    ['a lone surrogate', String.raw`a\ud800b`],
  ])('%s in the metadata poisons nothing: the event has its effect and is kept byte for byte', async (what, note) => {
    const story = new CustomerStory(what.replaceAll(' ', '_'));
    const message = fromStripe(story.created());
    const body = Buffer.from(
      message.body.toString().replace('"metadata":{"user_id"', `"metadata":{"note":"${note}","user_id"`),
    );
    expect(body).not.toEqual(message.body);
    await world.publish({ ...message, body });
    expect(await world.outcomesOf(message.attributes.id)).toEqual(['applied']);
    expect(await world.accountOf(story.userId)).toMatchObject({ tier: 1 });
    expect(await rawOf(message.attributes.id)).toEqual([body]);
  });
});

describe('F21: one history in the shapes of three API versions', () => {
  it('ends in the same rows', async () => {
    const versions = ['2024-06-20', '2025-03-31.basil', '2026-10-28.endive'];
    const stories = versions.map((version, index) => ({ version, story: new CustomerStory(`version${index}`) }));
    // Step by step: three replicas keep no order between them.
    for (const step of [(story: CustomerStory) => story.created(), paid, (story: CustomerStory) => story.deleted(9)]) {
      const events = stories.map(({ version, story }) => inVersion(step(story), version));
      await world.publish(...events);
      expect(new Set(await world.outcomesOf(...events.map(({ id }) => id)))).toEqual(new Set(['applied']));
    }
    const rows = await world.query<Record<string, unknown>>(
      `SELECT price_id, status, tier, billing_cycle, current_period_start, current_period_end, order_at, order_kind,
              payment.amount, payment.subscription_id = subscription.subscription_id AS is_of_it
       FROM subscription JOIN payment USING (user_id) WHERE user_id = ANY($1)`,
      [stories.map(({ story }) => story.userId)],
    );
    expect(rows).toHaveLength(3);
    expect(rows[0]).toMatchObject({ status: 'canceled', tier: 1, is_of_it: true });
    expect(rows).toEqual(rows.map(() => rows[0]));
  });
});

const paid = (story: CustomerStory): StripeEventBody => story.invoice('paid');

/** Until 2025-03-31.basil the period stood on the subscription, and an invoice named its subscription itself. */
function inVersion(event: StripeEventBody, version: string): StripeEventBody {
  if (version >= '2025-03-31') return { ...event, api_version: version };
  const text = JSON.stringify(event.data.object);
  const object: Record<string, unknown> = JSON.parse(text, (_key, value: unknown) => olderShape(value));
  return { ...event, api_version: version, data: { object } };
}

function olderShape(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('object' in value)) return value;
  if (value.object === 'subscription_item')
    return { ...value, current_period_start: undefined, current_period_end: undefined };
  if (value.object === 'subscription')
    return { ...value, current_period_start: started, current_period_end: periodEnd };
  if (value.object !== 'invoice' || !('parent' in value)) return value;
  const parent: unknown = value.parent;
  const details =
    typeof parent === 'object' && parent !== null && 'subscription_details' in parent
      ? parent.subscription_details
      : null;
  return { ...value, parent: undefined, ...Object(details), subscription_details: details };
}

describe('F25: the outcome of a COMMIT that nobody heard', () => {
  it('is found in the inbox when the event comes again: one effect', async () => {
    const own = await World.create();
    const admin = new Client({ connectionString: own.databaseAdminUrl, options: '-c search_path=subscription' });
    const cable = await startCableProxy(own.databaseUrl);
    await admin.connect();
    try {
      await holdUpCommits(admin);
      const service = await own.start({ DATABASE_URL: cable.url });
      const story = new CustomerStory('unheard');
      const event = story.created();
      await own.publish(event);
      await waitFor('the COMMIT', async () => {
        const { rowCount } = await admin.query(
          `SELECT FROM pg_stat_activity
           WHERE query = 'COMMIT' AND wait_event = 'advisory' AND datname = current_database()`,
        );
        return rowCount === 1;
      });
      cable.cut();
      await admin.query('SELECT pg_advisory_unlock(25)');
      await waitFor(
        'the second delivery',
        async () => {
          const metrics = await (await fetch(`${service.managementUrl}/metrics`)).text();
          return metrics.includes('billhook_subscription_events_total{outcome="duplicate"} 1');
        },
        20_000,
      );
      expect((await own.told('billing.account.changed', story.userId)).map(({ version }) => version)).toEqual([1]);
      expect(await own.query('SELECT FROM raw_event')).toHaveLength(1);
      expect(await own.query('SELECT FROM attempt')).toHaveLength(0);
    } finally {
      await admin.end();
      await own.end();
      await cable.close();
    }
  });
});

/** COMMIT runs what was deferred to it: here it waits for a lock that the caller holds. */
async function holdUpCommits(admin: Client): Promise<void> {
  await admin.query('SELECT pg_advisory_lock(25)');
  await admin.query(
    `CREATE FUNCTION hold_up() RETURNS trigger LANGUAGE plpgsql AS
     $$ BEGIN PERFORM pg_advisory_xact_lock_shared(25); RETURN NULL; END $$`,
  );
  await admin.query(
    `CREATE CONSTRAINT TRIGGER held_up AFTER INSERT ON inbox DEFERRABLE INITIALLY DEFERRED
     FOR EACH ROW EXECUTE FUNCTION hold_up()`,
  );
}

describe('F35 and F38: the events of many customers, in any order, on three replicas', () => {
  it('end in the truth, with versions that grow by one', async () => {
    const random = generator(20_261_123);
    const stories = Array.from({ length: 40 }, (_, index) => new CustomerStory(`any${index}`));
    const deliveries = shuffled(stories.flatMap(historyOf), random);
    const lanes = [0, 1, 2].map((lane) => deliveries.filter((_, index) => index % 3 === lane));
    await Promise.all(lanes.map((lane) => world.publish(...lane)));
    await world.outcomesOf(...deliveries.map(({ id }) => id));
    for (const story of stories) {
      const account = await world.accountOf(story.userId);
      expect(account).toMatchObject({ tier: 2, subscription: { status: 'active', cancel_at_period_end: true } });
      const versions = await versionsOf(story);
      expect(versions).toEqual(Array.from({ length: account?.version ?? 0 }, (_, index) => index + 1));
      expect(await world.told('billing.payment.succeeded', story.userId)).toHaveLength(1);
    }
  });
});

/** Seven events that end on Elite, ending with its period. */
function historyOf(story: CustomerStory): StripeEventBody[] {
  const [pro, elite] = [story.subscription(), story.onPrice('price_elite_monthly')];
  return [
    story.checkedOut(),
    story.created(),
    story.invoice('paid'),
    story.invoice('payment_succeeded'),
    story.updated(10, elite, { items: pro.items }),
    story.updated(20, story.onPrice('price_elite_monthly', { status: 'past_due' }), { status: 'active' }),
    story.updated(30, story.onPrice('price_elite_monthly', { cancel_at_period_end: true }), { status: 'past_due' }),
  ];
}

/** Mulberry32: the same numbers each time for the same seed. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function shuffled<T>(values: readonly T[], random: () => number): T[] {
  const ranked = values.map((value) => ({ value, rank: random() }));
  return ranked.toSorted((a, b) => a.rank - b.rank).map(({ value }) => value);
}

describe('F37: the same event, many times at once on three replicas (parallel deliveries make duplicate rows or 500s)', () => {
  test.each([2, 5, 20, 100])('%i times has one effect', async (times) => {
    const story = new CustomerStory(`copies${times}`);
    const event = story.created();
    await Promise.all(Array.from({ length: times }, () => world.publish(event)));
    const marker = story.event('price.updated', { id: 'price_1' }, 5);
    await world.publish(marker);
    expect(await world.outcomesOf(event.id, marker.id)).toEqual(['applied', 'ignored not_relevant']);
    expect(await versionsOf(story)).toEqual([1]);
    expect(await world.told('billing.subscription.started', story.userId)).toHaveLength(1);
    expect(await rawOf(event.id)).toHaveLength(1);
  });
});
