import { aPrice, startReaper, startServiceProcess, waitFor } from '@billhook/testing';
import type { StripeEventBody } from '@billhook/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CustomerStory } from '../customer-story.spec-support.js';
import { linked, opened } from '../messages.spec-support.js';
import { MoneyStory } from '../money-story.spec-support.js';
import { specRules } from '../replica.spec-support.js';
import { World } from '../running-service.spec-support.js';
import { thinEvent } from '../thin-event.spec-support.js';
import { hasDifferences, toLines } from './rebuild-report.js';
import type { RebuildReport } from './rebuild-report.js';
import { rebuild } from './rebuild.store.js';

let world: World;

const [plan, money, circle, thin] = [
  new CustomerStory('plan'),
  new CustomerStory('money'),
  new CustomerStory('circle'),
  new CustomerStory('thin'),
];
const [late, given, stranger, poison] = [
  new CustomerStory('late', {}),
  new CustomerStory('given', {}),
  new CustomerStory('stranger', {}),
  new CustomerStory('poison'),
];

/** The server's own database, where all migrations of a server wait for each other. */
function serverUrl(): string {
  const url = new URL(world.databaseAdminUrl);
  url.pathname = '/postgres';
  return url.toString();
}

const progress: string[] = [];
function rebuildOnce(keep = false): Promise<RebuildReport> {
  const urls = { adminUrl: serverUrl(), serviceUrl: world.databaseUrl };
  return rebuild({ ...urls, rules: specRules, keep, progress: (line) => progress.push(line) });
}

const shadows = () => world.query(`SELECT FROM pg_namespace WHERE nspname = 'subscription_rebuild'`);

async function taken(...events: (StripeEventBody | ReturnType<typeof opened>)[]): Promise<string[]> {
  await world.publish(...events);
  return world.outcomesOf(...events.map((event) => ('attributes' in event ? event.attributes.id : event.id)));
}

async function fetched(): Promise<void> {
  await waitFor('the fetch', async () => (await world.query('SELECT FROM pending_fetch')).length === 0);
}

/** Every kind of event, with what fails, what waits and what only Stripe can tell. */
async function busyHistory(): Promise<void> {
  const service = await world.start();
  const replica = await world.start();
  await taken(opened(plan.userId), linked(plan.userId, plan.customerId));
  const elite = plan.onPrice('price_elite_monthly');
  const changed = plan.updated(10, elite, { items: plan.subscription().items });
  await taken(plan.created(), changed, plan.invoice('paid'), plan.invoice('payment_succeeded'), plan.checkedOut());
  await taken(changed, plan.invoice('payment_failed', { attempt_count: 1 }), plan.deleted(90));
  const story = new MoneyStory(money);
  await taken(money.created(), story.invoicePaid(), story.invoicePaymentPaid(), story.refunded());
  await taken(story.disputed('needs_response'), story.disputed('won', 5 * 86_400));

  world.stripe.subscriptions.set(circle.subscriptionId, circle.onPrice('price_elite_monthly'));
  const ending = circle.subscription({ cancel_at_period_end: true });
  await taken(
    circle.created(),
    circle.updated(5, ending, { cancel_at_period_end: false }),
    circle.updated(5, circle.subscription(), { cancel_at_period_end: true }),
  );
  world.stripe.subscriptions.set(thin.subscriptionId, thin.subscription());
  await taken(thinEvent(thin, { id: 'evt_thin_hint' }));
  await fetched();

  await taken(late.created(), late.invoice('paid'));
  await taken(linked(late.userId, late.customerId), linked('user-thief', late.customerId));
  await taken(given.created());
  await world.order(service, `/v1/customers/${given.customerId}/link`, { user_id: given.userId, reason: 'a case' });
  await taken(stranger.created(), poison.event('customer.subscription.created', { id: 'sub_poison' }, 0));
  await taken(poison.created(), poison.invoice('payment_failed', { attempt_count: 3_000_000_000 }));
  await waitFor(
    'the poison to be parked',
    async () => {
      const rows = await world.query(`SELECT FROM parked_event WHERE attempts = 5 AND retry_at IS NULL`);
      return rows.length === 1;
    },
    30_000,
  );
  await Promise.all([world.stop(service), world.stop(replica)]);
}

beforeAll(async () => {
  world = await World.create();
  await busyHistory();
});

afterAll(async () => {
  await world?.end();
});

describe('a rebuild from the raw events', () => {
  it('makes the same rows of a busy history, needs nothing of Stripe, and leaves nothing behind', async () => {
    const before = await world.query('SELECT count(*)::int AS count FROM outbox');
    const report = await rebuildOnce();
    expect(toLines(report).filter((line) => line.startsWith('  '))).toEqual([]);
    expect(report).toMatchObject({ unanswered: [], failed: [], lost: { count: 0 }, redacted: { count: 0 } });
    expect(hasDifferences(report)).toBe(false);
    const counts = Object.fromEntries(report.tables.map(({ table, comparison }) => [table, comparison.equal]));
    expect(counts).toEqual({
      customer: 8,
      account: 7,
      subscription: 7,
      payment: 4,
      stripe_object: expect.any(Number),
    });
    expect(counts['stripe_object']).toBeGreaterThan(3);
    expect(await world.query('SELECT count(*)::int AS count FROM outbox')).toEqual(before);
    expect(await shadows()).toEqual([]);
  });

  it('keeps the shadow where asked to, and begins anew over one that was left behind', async () => {
    await rebuildOnce(true);
    expect(await shadows()).toHaveLength(1);
    expect(await world.query('SELECT FROM subscription_rebuild.subscription')).toHaveLength(7);
    expect(hasDifferences(await rebuildOnce())).toBe(false);
    expect(await shadows()).toEqual([]);
  });

  it('is not shared by two', async () => {
    const both = await Promise.allSettled([rebuildOnce(), rebuildOnce()]);
    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  });
});

describe('a live row that is not what its events make it', () => {
  let mend: () => Promise<unknown> = () => Promise.resolve();

  afterEach(async () => {
    await mend();
  });

  /** Changes rows by hand, and puts them back after the test. */
  async function edit(table: string, where: string, set: string): Promise<void> {
    const [before] = await world.query<{ row: object }>(`SELECT to_json(${table}) AS row FROM ${table} WHERE ${where}`);
    await world.query(`UPDATE ${table} SET ${set} WHERE ${where}`);
    mend = () =>
      world.query(
        `UPDATE ${table} SET (tier, body) = (SELECT tier, body FROM json_populate_record(NULL::${table}, $1))
         WHERE ${where}`,
        [JSON.stringify(before?.row)],
      );
  }

  test.each<[string, string, string, string[]]>([
    ['account', `user_id = 'user-plan'`, 'tier = 2', ['tier']],
    [
      'account',
      `user_id = 'user-plan'`,
      `body = jsonb_set(body, '{subscription,status}', '"active"')`,
      ['body.subscription'],
    ],
  ])('is found, field by field: %s where %s, %s', async (table, where, set, fields) => {
    await edit(table, where, set);
    const report = await rebuildOnce();
    const found = report.tables.flatMap(({ comparison }) => comparison.examples);
    expect(found).toMatchObject([{ kind: 'different', fields: fields.map((field) => ({ field })) }]);
    expect(hasDifferences(report)).toBe(true);
  });

  it('is found where it was made or taken away by hand', async () => {
    await world.query(`INSERT INTO customer (customer_id) VALUES ('cus_invented')`);
    await world.query(`CREATE TABLE kept_payment AS SELECT * FROM payment WHERE customer_id = $1`, [plan.customerId]);
    await world.query('DELETE FROM payment WHERE customer_id = $1', [plan.customerId]);
    mend = async () => {
      await world.query(`DELETE FROM customer WHERE customer_id = 'cus_invented'`);
      await world.query('INSERT INTO payment SELECT * FROM kept_payment');
      await world.query('DROP TABLE kept_payment');
    };
    const lines = toLines(await rebuildOnce());
    expect(lines).toContain('  customer cus_invented: extra, no event that is kept leads to it');
    expect(lines).toContain('  payment in_plan succeeded 0: missing, the events lead to it');
    expect(lines.at(-1)).toBe('live is not what its events make it');
  });
});

describe('events that are not there any more', () => {
  /** Takes raw events away, or their bytes, and puts them back after the work. */
  async function without(where: string, take: string, work: (report: RebuildReport) => void): Promise<void> {
    await world.query(`CREATE TABLE kept_raw AS SELECT * FROM raw_event WHERE ${where}`);
    await world.query(`${take} WHERE ${where}`);
    try {
      work(await rebuildOnce());
    } finally {
      await world.query(`DELETE FROM raw_event WHERE ${where}`);
      await world.query('INSERT INTO raw_event SELECT * FROM kept_raw');
      await world.query('DROP TABLE kept_raw');
    }
  }

  it('are counted, and what only they told is a difference', async () => {
    await without(`event_id = 'evt_plan_5'`, 'DELETE FROM raw_event', (report) => {
      expect(report.lost).toMatchObject({ count: 1, from: expect.any(Date) });
    });
    await without(`event_id LIKE 'evt_plan%'`, 'DELETE FROM raw_event', (report) => {
      expect(toLines(report).join('\n')).toContain('subscription sub_plan: extra');
      expect(hasDifferences(report)).toBe(true);
    });
  });

  it('because of an erasure are told apart', async () => {
    const redact = 'UPDATE raw_event SET headers = NULL, body = NULL';
    await without(`event_id = 'evt_plan_3'`, redact, (report) => {
      expect(report).toMatchObject({ lost: { count: 0 }, redacted: { count: 1 } });
      expect(toLines(report).join('\n')).toMatch(
        /1 events were redacted by an erasure \(taken from .*\): not rebuildable/,
      );
    });
  });

  it('that were answers of Stripe leave a question, and are never guessed', async () => {
    await without(`type = 'subscription.fetched'`, 'DELETE FROM raw_event', (report) => {
      expect(report.unanswered).toEqual([circle.subscriptionId, thin.subscriptionId]);
      expect(hasDifferences(report)).toBe(true);
    });
  });
});

describe('the command', () => {
  const settings = () => ({
    DATABASE_URL: world.databaseUrl,
    DATABASE_ADMIN_URL: serverUrl(),
    RABBITMQ_URL: world.brokerUrl,
    STRIPE_SECRET_KEY: 'sk_test_madeUp',
    STRIPE_PRO_MONTHLY_PRICE_ID: 'price_pro_monthly',
    STRIPE_PRO_YEARLY_PRICE_ID: 'price_pro_yearly',
    STRIPE_ELITE_MONTHLY_PRICE_ID: 'price_elite_monthly',
    STRIPE_ELITE_YEARLY_PRICE_ID: 'price_elite_yearly',
    AUTH_ISSUER: 'https://identity.example',
    AUTH_AUDIENCE: 'billhook',
    AUTH_JWKS_URL: 'https://identity.example/keys',
  });

  /** What it exits with, and what it said. */
  async function run(environment = settings()): Promise<[unknown, string]> {
    const reaper = startReaper();
    try {
      const logFile = join(reaper.folder('billhook-rebuild'), 'rebuild.log');
      const script = 'apps/subscription/src/rebuild.command.js';
      const command = startServiceProcess({ reaper, name: 'rebuild', script, settings: environment, logFile });
      return [await command.ended, await readFile(logFile, 'utf8')];
    } finally {
      await reaper.close();
    }
  }

  it('exits 0 when live is what its events make it, and 1 when it is not', async () => {
    expect(await run()).toEqual([0, expect.stringContaining('rebuild: live is what its events make it\n')]);
    await world.query(`UPDATE customer SET source = 'announced' WHERE customer_id = $1`, [money.customerId]);
    expect(await run()).toEqual([1, expect.stringContaining('source: "announced", rebuilt "metadata"')]);
    await world.query(`UPDATE customer SET source = 'metadata' WHERE customer_id = $1`, [money.customerId]);
  });

  it('exits 2 when a setting is missing, since 1 would say that rows differ', async () => {
    expect(await run({ ...settings(), DATABASE_ADMIN_URL: '' })).toEqual([
      2,
      expect.stringContaining('DATABASE_ADMIN_URL is missing'),
    ]);
  });

  it('knows the prices that the service has remembered, though the settings name them no more', async () => {
    const veteran = new CustomerStory('veteran');
    world.stripe.prices.set('price_2019', aPrice({ id: 'price_2019', active: false, unit_amount: 499 }));
    const service = await world.start({ STRIPE_PRO_LEGACY_PRICE_IDS: ['price_2019'] });
    await waitFor('the memory', async () => {
      const known = await world.query(`SELECT FROM known_price WHERE price_id = 'price_2019'`);
      return known.length === 1;
    });
    await taken(veteran.created(0, veteran.onPrice('price_2019')));
    await world.stop(service);
    expect(await run()).toEqual([0, expect.stringContaining('rebuild: live is what its events make it\n')]);
    await world.query(`DELETE FROM known_price WHERE price_id = 'price_2019'`);
    expect(await run()).toEqual([1, expect.stringContaining('subscription sub_veteran')]);
  });
});
