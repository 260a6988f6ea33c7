import { createTestDatabase, waitFor } from '@billhook/testing';
import type { StripeEventBody, TestDatabase } from '@billhook/testing';
import { afterAll, beforeAll, describe, expect, it, test } from '@jest/globals';
import { Client } from 'pg';
import { CustomerStory } from '../customer-story.spec-support.js';
import { fromStripe, linked } from '../messages.spec-support.js';
import { MoneyStory } from '../money-story.spec-support.js';
import { Replica } from '../replica.spec-support.js';
import { schema } from '../schema.js';

let database: TestDatabase;
let admin: Client;
let one: Replica;
let another: Replica;

beforeAll(async () => {
  database = await createTestDatabase(schema);
  admin = new Client({ connectionString: database.adminUrl, options: '-c search_path=subscription' });
  await admin.connect();
  one = await Replica.connect(database.serviceUrl);
  another = await Replica.connect(database.serviceUrl);
});

afterAll(async () => {
  await one?.end();
  await another?.end();
  await admin?.end();
  await database?.drop();
});

async function tierOf({ userId }: CustomerStory): Promise<unknown> {
  const { rows } = await admin.query<{ tier: number }>('SELECT tier FROM account WHERE user_id = $1', [userId]);
  return rows[0]?.tier;
}

async function take(...events: StripeEventBody[]): Promise<string[]> {
  return (await one.take(...events.map(fromStripe))).map(({ kind }) => kind);
}

function aStory(name: string, metadata?: Record<string, string>): { story: CustomerStory; money: MoneyStory } {
  const story = new CustomerStory(name, metadata);
  return { story, money: new MoneyStory(story) };
}

/** A month of Pro that is paid for, as Stripe tells of it. */
function bought({ story, money }: ReturnType<typeof aStory>): StripeEventBody[] {
  return [story.created(), money.invoicePaid(), money.invoicePaymentPaid()];
}

function ordersOf<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, index) => ordersOf(items.toSpliced(index, 1)).map((rest) => [item, ...rest]));
}

describe('a refund of all that was paid', () => {
  it('ends the tier in every order in which it and what leads to it may come, each in a batch of its own', async () => {
    const orders = ordersOf([0, 1, 2, 3]).map((order, index) => {
      const subject = aStory(`order${index}`);
      const events = [...bought(subject), subject.money.refunded()];
      return { story: subject.story, events: order.flatMap((place) => events[place] ?? []) };
    });
    for (const round of [0, 1, 2, 3]) await take(...orders.flatMap(({ events }) => events[round] ?? []));
    const { rows } = await admin.query<{ tier: number; count: number }>(
      'SELECT tier, count(*)::int AS count FROM account WHERE user_id = ANY($1) GROUP BY tier',
      [orders.map(({ story }) => story.userId)],
    );
    expect(rows).toEqual([{ tier: 0, count: 24 }]);
  });

  it('ends it in one batch with all that leads to it, the refund first', async () => {
    const subject = aStory('together');
    await take(subject.money.refunded(), ...bought(subject));
    expect(await tierOf(subject.story)).toBe(0);
  });

  it('gives it back when it fails, and a part of it takes nothing', async () => {
    const subject = aStory('failing');
    await take(...bought(subject), subject.money.refunded({ amount: 500 }));
    expect(await tierOf(subject.story)).toBe(1);
    await take(subject.money.refunded({}, 4 * 86_400));
    expect(await tierOf(subject.story)).toBe(0);
    await take(subject.money.refunded({ status: 'failed' }, 5 * 86_400));
    expect(await tierOf(subject.story)).toBe(1);
  });

  it('changes nothing when it comes again or late', async () => {
    const subject = aStory('late');
    const [pending, failed] = [
      subject.money.refunded({ status: 'pending' }),
      subject.money.refunded({ status: 'failed' }, 4 * 86_400),
    ];
    await take(...bought(subject), failed);
    expect(await take(pending)).toEqual(['ignored']);
    expect(await take(pending, failed)).toEqual(['duplicate', 'duplicate']);
    expect(await tierOf(subject.story)).toBe(1);
  });

  it('is kept while nobody knows whose it is, and counts as soon as the gateway says whose the customer is', async () => {
    const subject = aStory('stranger', {});
    await take(subject.money.refunded(), ...bought(subject));
    expect(await tierOf(subject.story)).toBeUndefined();
    await one.take(linked(subject.story.userId, subject.story.customerId));
    expect(await tierOf(subject.story)).toBe(0);
  });
});

describe('a dispute', () => {
  test.each([
    ['warning_needs_response', 1],
    ['needs_response', 0],
    ['lost', 0],
    ['won', 1],
  ])('that is %s leaves tier %i', async (status, tier) => {
    const subject = aStory(`dispute_${status}`);
    await take(...bought(subject), subject.money.disputed(status));
    expect(await tierOf(subject.story)).toBe(tier);
  });
});

describe('a customer who is deleted', () => {
  it('loses the tier, though the end of the subscription is never told, and stays mapped to the user', async () => {
    const subject = aStory('deleted');
    await take(...bought(subject));
    expect(await take(subject.money.customerDeleted())).toEqual(['applied']);
    expect(await tierOf(subject.story)).toBe(0);
    const { rows } = await admin.query('SELECT user_id FROM customer WHERE customer_id = $1', ['cus_deleted']);
    expect(rows).toEqual([{ user_id: subject.story.userId }]);
  });

  it('has no tier either when the deletion is told first', async () => {
    const subject = aStory('gone');
    await take(subject.money.customerDeleted());
    await take(...bought(subject));
    expect(await tierOf(subject.story)).toBe(0);
  });
});

/** Somebody waits for a lock on links. */
async function linksAreWaitedFor(): Promise<boolean> {
  const { rowCount } = await admin.query(`SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`);
  return rowCount === 1;
}

describe('two replicas with the two ends of one chain, whose middle is known', () => {
  const halves: [string, (subject: ReturnType<typeof aStory>) => [StripeEventBody, StripeEventBody]][] = [
    ['the refund first', ({ money }) => [money.refunded(), money.invoicePaid()]],
    ['the invoice first', ({ money }) => [money.invoicePaid(), money.refunded()]],
  ];

  test.each(halves)('%s: the later one waits, sees what the earlier wrote, and the tier ends', async (what, parts) => {
    const subject = aStory(what.replaceAll(' ', '_'));
    await take(subject.story.created(), subject.money.invoicePaymentPaid());
    expect(await tierOf(subject.story)).toBe(1);
    const [earlier, later] = parts(subject);
    const second = await one.dataSource.transaction(async (manager) => {
      await one.apply(manager, fromStripe(earlier));
      const taking = another.take(fromStripe(later));
      await waitFor('the other replica to wait', linksAreWaitedFor);
      // In an object: this transaction must end before the other one can.
      return { taking };
    });
    expect(await second.taking).toEqual([{ kind: 'applied' }]);
    expect(await tierOf(subject.story)).toBe(0);
  });
});
