import { dataSourceOptions } from '@billhook/database';
import { EventPublisher } from '@billhook/messaging';
import type { RunningService } from '@billhook/runtime';
import { createStripeClient } from '@billhook/stripe';
import { started, waitFor } from '@billhook/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { CustomerStory } from '../customer-story.spec-support.js';
import { fromStripe } from '../messages.spec-support.js';
import { World } from '../running-service.spec-support.js';
import { CatchUp } from './catch-up.relay.js';
import { alone, reconcile, reportOf, request, untilEnded } from './reconcile.spec-support.js';
import { Runs } from './run.store.js';
import { ReconcileSettings } from './settings.js';
import { StripeLists } from './stripe-lists.client.js';
import { UntakenEvents } from './untaken-events.store.js';

let world: World;
let service: RunningService;
const day = 24 * 3_600;

beforeAll(async () => {
  world = await World.create();
  service = await world.start({ STRIPE_REQUESTS_PER_SECOND: 100 });
});

afterEach(async () => {
  world.stripe.onList = () => undefined;
  world.stripe.clock = null;
  world.stripe.events.length = 0;
  world.stripe.subscriptions.clear();
  await world.query('DELETE FROM reconcile_cursor');
});

afterAll(async () => {
  await world?.end();
});

const cursor = async () => (await world.query<{ at: Date }>('SELECT at FROM reconcile_cursor'))[0]?.at ?? null;
const at = (second: number) => new Date((started + second) * 1_000);

describe('a catch-up (missed webhooks, no backfill)', () => {
  it('F61: brings what Stripe lists and nobody has delivered, to every consumer, and marks where it comes from', async () => {
    const story = new CustomerStory('away');
    const events = [story.created(), story.invoice('paid'), story.deleted(3 * day)];
    const [delivered] = events;
    if (delivered === undefined) throw new Error('three were made');
    await world.publish(delivered);
    await world.outcomesOf(delivered.id);
    world.stripe.events.push(...events);
    world.stripe.clock = at(4 * day);
    const report = await reconcile(world, service, { kind: 'catch_up' });
    expect(report).toMatchObject({ state: 'finished', counts: { events_listed: 3, events_missing: 2 } });
    expect(await world.outcomesOf(...events.map(({ id }) => id))).toEqual(['applied', 'applied', 'applied']);
    expect(await world.accountOf(story.userId)).toMatchObject({ tier: 0 });
    expect(await cursor()).toEqual(world.stripe.clock);
    const told = await waitFor('what everybody hears', () =>
      world.tapped.find(({ attributes }) => attributes['id'] === events[2]?.id),
    );
    expect(told.attributes).toMatchObject({ ...fromStripeAttributes(events[2]), causeid: `reconcile/${report.id}` });
    expect(JSON.parse(told.body.toString())).toEqual(events[2]);
  });

  it('keeps the bytes of what it brings, as of any event', async () => {
    const story = new CustomerStory('kept');
    const event = story.created();
    world.stripe.events.push(event);
    await reconcile(world, service, { kind: 'catch_up' });
    const [row] = await world.query<{ body: Buffer; causeid: string }>(
      `SELECT body, headers->>'causeid' AS causeid FROM raw_event WHERE event_id = $1`,
      [event.id],
    );
    expect(JSON.parse(row?.body.toString() ?? '')).toEqual(event);
    expect(row?.causeid).toMatch(/^reconcile\//);
  });

  it('leaves out types of events that tell billing nothing', async () => {
    const story = new CustomerStory('irrelevant');
    world.stripe.events.push(story.event('payment_intent.created', { id: 'pi_1', object: 'payment_intent' }, 5));
    expect((await reconcile(world, service, { kind: 'catch_up' })).counts).toEqual({ events_listed: 1 });
  });

  it('walks over many pages, takes along what happens meanwhile, and misses nothing', async () => {
    const stories = Array.from({ length: 260 }, (_, index) => new CustomerStory(`page${index}`));
    // Several to a second, so that pages end in the middle of one.
    world.stripe.events.push(...stories.map((story, index) => story.created(Math.floor(index / 7))));
    const late = new CustomerStory('meanwhile');
    let pages = 0;
    world.stripe.onList = (url) => {
      if (url.includes('ending_before') && (pages += 1) === 2) world.stripe.events.push(late.created(500));
    };
    const report = await reconcile(world, service, { kind: 'catch_up' });
    expect(report.counts).toMatchObject({ events_missing: 261 });
    for (const story of [...stories, late]) expect(await world.accountOf(story.userId)).toMatchObject({ tier: 1 });
  });

  it('looks again at the last ten minutes, where events may be listed late', async () => {
    const [early, late] = [new CustomerStory('early'), new CustomerStory('late')];
    world.stripe.events.push(early.created(0), early.invoice('paid'));
    world.stripe.clock = at(1_000);
    await reconcile(world, service, { kind: 'catch_up' });
    world.stripe.events.push(late.created(500));
    const report = await reconcile(world, service, { kind: 'catch_up' });
    expect(report.counts).toEqual({ events_listed: 1, events_missing: 1 });
    expect(await world.accountOf(late.userId)).toMatchObject({ tier: 1 });
  });

  it('only counts, in a dry run', async () => {
    const story = new CustomerStory('counted');
    world.stripe.events.push(story.created());
    expect((await reconcile(world, service, { kind: 'catch_up', dry_run: true })).counts).toMatchObject({
      events_missing: 1,
    });
    expect(await world.accountOf(story.userId)).toBeUndefined();
    expect(await cursor()).toBeNull();
  });

  it('moves its cursor only past what is in the inbox', async () => {
    const story = new CustomerStory('held');
    const event = story.created();
    world.stripe.events.push(event);
    const other = new Client({ connectionString: world.databaseAdminUrl });
    await other.connect();
    // Somebody else is about to record it, and takes his time.
    await other.query('BEGIN');
    await other.query(`INSERT INTO subscription.inbox (consumer, event_id, type) VALUES ('subscription', $1, 'x')`, [
      event.id,
    ]);
    const run = await request(world, service, { kind: 'catch_up' });
    await waitFor('it to be published', () => world.tapped.some(({ attributes }) => attributes['id'] === event.id));
    expect(await cursor()).toBeNull();
    await other.query('ROLLBACK');
    await other.end();
    await untilEnded(world, service, run);
    expect(await world.outcomesOf(event.id)).toEqual(['applied']);
    expect(await cursor()).not.toBeNull();
  });

  it('publishes once, however often its step fails, what nobody takes meanwhile', async () => {
    const story = new CustomerStory('untaken');
    const event = story.created();
    world.stripe.events.push(event);
    await world.stop(service);
    const { catchUp, runs, end } = await aCatchUp();
    const { run } = await runs.request({ kind: 'catch_up', dryRun: false, requestedBy: 'schedule', note: null });
    const { signal } = new AbortController();
    for (let tries = 0; tries < 3; tries += 1) {
      await expect(catchUp.step(run, signal)).rejects.toThrow('broker_unavailable');
    }
    await end();
    service = await world.start({ STRIPE_REQUESTS_PER_SECOND: 100 });
    expect(await untilEnded(world, service, run.id)).toMatchObject({ state: 'finished' });
    expect(await world.outcomesOf(event.id)).toEqual(['applied']);
    const published = world.tapped.filter(({ attributes }) => attributes['id'] === event.id);
    // By the replica that came after it perhaps once more: what another has published it does not know.
    expect([1, 2]).toContain(published.length);
  });

  it('F62: that comes after more than thirty days begins with what is still listed, says so, and has a sweep do the rest', async () => {
    await alone(world);
    const [gone, listed] = [new CustomerStory('gone'), new CustomerStory('listed')];
    await world.query(`INSERT INTO reconcile_cursor (stream, at) VALUES ('events', $1)`, [at(0)]);
    world.stripe.clock = at(60 * day);
    world.stripe.events.push(listed.created(59 * day));
    for (const story of [gone, listed]) world.stripe.subscriptions.set(story.subscriptionId, story.subscription());
    const report = await reconcile(world, service, { kind: 'catch_up' });
    expect(report.counts).toMatchObject({ events_missing: 1, beyond_list: 1 });
    const sweep = await waitFor('the sweep', async () => {
      const rows = await world.query<{ run_id: string }>(`SELECT run_id FROM reconcile_run WHERE requested_by = 'gap'`);
      return rows[0]?.run_id;
    });
    expect(await untilEnded(world, service, sweep)).toMatchObject({
      kind: 'sweep',
      counts: { missing: 1, repaired: 1 },
    });
    expect(await world.accountOf(gone.userId)).toMatchObject({ tier: 1 });
    expect(await world.accountOf(listed.userId)).toMatchObject({ tier: 1 });
  });

  it('runs by itself, when it is due and not before', async () => {
    await world.query('DELETE FROM reconcile_run');
    const story = new CustomerStory('byItself');
    world.stripe.events.push(story.created());
    const scheduled = await world.start({ CATCH_UP_EVERY_SECONDS: 3_600, STRIPE_REQUESTS_PER_SECOND: 100 });
    await waitFor('the account', async () => (await world.accountOf(story.userId))?.tier === 1);
    const runs = await world.query<{ run_id: string; requested_by: string }>(
      'SELECT run_id, requested_by FROM reconcile_run',
    );
    expect(runs).toMatchObject([{ requested_by: 'schedule' }]);
    await untilEnded(world, scheduled, runs[0]?.run_id ?? '');
    await world.stop(scheduled);
    const again = await world.start({ CATCH_UP_EVERY_SECONDS: 3_600, STRIPE_REQUESTS_PER_SECOND: 100 });
    await reconcile(world, again, { kind: 'republish', dry_run: true });
    expect(await world.query(`SELECT FROM reconcile_run WHERE kind = 'catch_up'`)).toHaveLength(1);
    await world.stop(again);
  });

  it('is given up where Stripe refuses, and says why', async () => {
    world.stripe.knowsKey = false;
    const report = await reconcile(world, service, { kind: 'catch_up' });
    world.stripe.knowsKey = true;
    expect(report).toMatchObject({
      state: 'failed',
      failure: expect.stringContaining('does not accept the configured key'),
    });
    expect(await reconcile(world, service, { kind: 'catch_up' })).toMatchObject({ state: 'finished' });
  });
});

/** A replica of which only this part runs, and which waits for no consumer. */
async function aCatchUp() {
  const options = { url: world.databaseUrl, schema: 'subscription', applicationName: 'catch-up-spec' };
  const dataSource = await new DataSource(dataSourceOptions(options)).initialize();
  const publisher = new EventPublisher({ url: world.brokerUrl, connectionName: 'catch-up-spec' });
  await publisher.start();
  await waitFor('the publisher', () => publisher.state() === 'up');
  const stripe = createStripeClient({ secretKey: 'sk_test_madeUp', apiBase: world.stripe.url, nodeEnv: 'test' });
  const runs = new Runs(dataSource);
  const settings = new ReconcileSettings(0, 0, 0, 0);
  const catchUp = new CatchUp(new StripeLists(stripe), publisher, new UntakenEvents(dataSource), runs, settings);
  const end = async () => {
    await publisher.stop();
    await dataSource.destroy();
  };
  return { catchUp, runs, end };
}

function fromStripeAttributes(event: Parameters<typeof fromStripe>[0] | undefined): object {
  if (event === undefined) throw new Error('there is no such event');
  const { receivedat: _, ...attributes } = fromStripe(event).attributes;
  return attributes;
}

describe('every account announced again', () => {
  it('has the version it had, and an id that nobody has seen', async () => {
    await world.query('DELETE FROM reconcile_run');
    const [ada, ben] = [new CustomerStory('ada'), new CustomerStory('ben')];
    const events = [ada.created(), ben.created()];
    await world.publish(...events);
    await world.outcomesOf(...events.map(({ id }) => id));
    const before = await world.told('billing.account.changed', ada.userId);
    const report = await reconcile(world, service, { kind: 'republish' });
    const accounts = await world.query('SELECT FROM account');
    expect(report).toMatchObject({ state: 'finished', counts: { accounts: accounts.length } });
    const after = await world.told('billing.account.changed', ada.userId);
    expect(after).toEqual([...before, before.at(-1)]);
    const ids = await world.query<{ event_id: string }>(
      `SELECT event_id FROM outbox WHERE type = 'billing.account.changed' AND attributes->>'subject' = $1`,
      [ada.userId],
    );
    expect(new Set(ids.map((row) => row.event_id)).size).toBe(after.length);
  });

  it('goes on where it was, page by page', async () => {
    await world.query(
      `INSERT INTO account (user_id, tier, version, body)
       SELECT 'user-copy' || lpad(i::text, 4, '0'), 0, 1, body || jsonb_build_object('user_id', 'user-copy' || lpad(i::text, 4, '0'))
       FROM account, generate_series(1, 250) AS i WHERE user_id = 'user-ada'`,
    );
    const run = await request(world, service, { kind: 'republish' });
    await waitFor('the first part', async () => (await reportOf(world, service, run)).counts['accounts'] === 100);
    await world.stop(service);
    service = await world.start({ STRIPE_REQUESTS_PER_SECOND: 100 });
    const report = await untilEnded(world, service, run);
    const [{ count } = { count: '0' }] = await world.query<{ count: string }>('SELECT count(*) FROM account');
    expect(report.counts['accounts']).toBe(Number(count));
    const twice = await world.query(
      `SELECT FROM outbox WHERE attributes->>'causeid' = $1 GROUP BY event_id HAVING count(*) > 1`,
      [`reconcile/${run}`],
    );
    expect(twice).toEqual([]);
  });
});
