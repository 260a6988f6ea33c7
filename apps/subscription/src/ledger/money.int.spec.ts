import { parseDomainEvent } from '@billhook/contracts';
import type { Account, DomainEventType, EventData } from '@billhook/contracts';
import { aCheckoutSession, createTestDatabase, started, waitFor } from '@billhook/testing';
import type { StripeEventBody, TestDatabase } from '@billhook/testing';
import { afterAll, beforeAll, describe, expect, it, test } from '@jest/globals';
import { Client } from 'pg';
import type { EntityManager } from 'typeorm';
import { ordersOf } from '../../../../libs/billing/src/orders.spec-support.js';
import { eventId } from '../../../../libs/messaging/src/event-id.js';
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

describe('a refund of all that was paid', () => {
  it('ends the tier in every order in which it and what leads to it may come, each in a batch of its own', async () => {
    const orders = [...ordersOf([0, 1, 2, 3])].map((order, index) => {
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

/** Data of what was announced about a user, by type, in the order in which it leaves. */
async function told<T extends DomainEventType>(type: T, { userId }: CustomerStory): Promise<EventData<T>[]> {
  const { rows } = await admin.query<{ body: Buffer }>(
    `SELECT body FROM outbox WHERE type = $1 AND attributes->>'subject' = $2 ORDER BY id`,
    [type, userId],
  );
  return rows.map(({ body }) => {
    const parsed = parseDomainEvent(type, body.toString());
    if (!parsed.ok) throw new Error(`${type} does not fit its contract: ${parsed.reason}`);
    return parsed.data;
  });
}

async function accountOf({ userId }: CustomerStory): Promise<Account | undefined> {
  const { rows } = await admin.query<{ body: Account }>('SELECT body FROM account WHERE user_id = $1', [userId]);
  return rows[0]?.body;
}

describe('what became of the money is told', () => {
  it('once for each sum that has gone back, by refund and charge together', async () => {
    const subject = aStory('told_refund');
    await take(...bought(subject), subject.money.refunded({ amount: 500 }));
    await take(subject.money.refunded({ amount: 500 }, 3 * 86_400), subject.money.chargeRefunded(500));
    await take(subject.money.refunded({ status: 'failed' }, 4 * 86_400));
    const about = { customer_id: 'cus_told_refund', subscription_id: 'sub_told_refund', invoice_id: 'in_told_refund' };
    expect(await told('billing.payment.refunded', subject.story)).toEqual([
      { user_id: subject.story.userId, ...about, amount: 500, amount_paid: 999, currency: 'usd' },
      { user_id: subject.story.userId, ...about, amount: 0, amount_paid: 999, currency: 'usd' },
    ]);
  });

  it('once for each status of a dispute', async () => {
    const subject = aStory('told_dispute');
    const { money } = subject;
    await take(...bought(subject), money.disputed('needs_response'), money.disputed('needs_response', 5 * 86_400));
    await take(money.disputed('won', 6 * 86_400));
    const statuses = (await told('billing.payment.disputed', subject.story)).map(({ status }) => status);
    expect(statuses).toEqual(['needs_response', 'won']);
  });

  it('under an id that comes from what told it, and not again when its event is run again', async () => {
    const subject = aStory('told_once');
    const refund = subject.money.refunded();
    await take(...bought(subject), refund);
    await one.dataSource.transaction((manager) => one.applyAgain(manager, fromStripe(refund)));
    expect(await told('billing.payment.refunded', subject.story)).toHaveLength(1);
    const { rows } = await admin.query(
      `SELECT event_id FROM outbox WHERE type = 'billing.payment.refunded' AND attributes->>'subject' = $1`,
      [subject.story.userId],
    );
    const id = eventId(`${refund.id}/in_told_once/999`, 'billing.payment.refunded', subject.story.userId);
    expect(rows).toEqual([{ event_id: id }]);
  });
});

describe('two subscriptions that are paid for beside one another', () => {
  it('are told once, however many events tell of them, and again when a third one comes', async () => {
    const { story } = aStory('twice');
    const at = (id: string, second: number) => story.subscription({ id, created: started + second });
    await take(story.created(), story.created(5, at('sub_twice_b', 5)));
    await take(story.updated(9, at('sub_twice_b', 5), {}), story.created(9, at('sub_twice_c', 9)));
    await take(story.updated(12, at('sub_twice_c', 9), {}));
    const found = await told('billing.duplicate_subscription.found', story);
    expect(found.map(({ subscriptions }) => subscriptions.map(({ id }) => id))).toEqual([
      ['sub_twice', 'sub_twice_b'],
      ['sub_twice', 'sub_twice_b', 'sub_twice_c'],
    ]);
  });
});

describe('an account says', () => {
  const elite = { start_date: started + 86_400 * 30, items: [{ price: 'price_elite_monthly' }] };

  function scheduled({ story }: ReturnType<typeof aStory>, status: string, second: number): StripeEventBody {
    const { customerId: customer, subscriptionId } = story;
    const isOn = status === 'active';
    const plan = {
      status,
      subscription: isOn ? subscriptionId : null,
      current_phase: isOn ? { start_date: started } : null,
    };
    const schedule = { id: `sub_sched_${story.name}`, customer, phases: [elite], ...plan };
    return story.event(`subscription_schedule.${isOn ? 'updated' : status}`, schedule, second);
  }

  const change = { tier: 2, billing_cycle: 'monthly', at: new Date(elite.start_date * 1000).toISOString() };

  it('what plan is scheduled and when, known before its subscription, until the schedule lets go of it', async () => {
    const subject = aStory('planned');
    await take(scheduled(subject, 'active', 2));
    await take(...bought(subject));
    expect((await accountOf(subject.story))?.subscription?.scheduled_change).toEqual(change);
    await take(scheduled(subject, 'released', 3));
    expect((await accountOf(subject.story))?.subscription?.scheduled_change).toBeNull();
    await take(scheduled(subject, 'active', 2));
    expect((await accountOf(subject.story))?.subscription?.scheduled_change).toBeNull();
  });

  it('nothing of a schedule that had let go before anybody knew whose it was, though that came first', async () => {
    const subject = aStory('unplanned', {});
    await take(scheduled(subject, 'released', 3));
    await take(scheduled(subject, 'active', 2), ...bought(subject));
    await one.take(linked(subject.story.userId, subject.story.customerId));
    expect(await accountOf(subject.story)).toMatchObject({ tier: 1, subscription: { scheduled_change: null } });
  });

  it('what the customer has to do so that the payment goes through, until it has', async () => {
    const subject = aStory('confirming');
    const { story, money } = subject;
    const url = 'https://invoice.stripe.test/i/made-up';
    const open = { status: 'open', amount_paid: 0, amount_remaining: 999, hosted_invoice_url: url } as const;
    await take(story.created(0, story.subscription({ status: 'incomplete' })));
    await take(money.invoice('payment_action_required', open), money.invoice('payment_failed', open));
    expect(await accountOf(story)).toMatchObject({
      action_required: { reason: 'payment_confirmation', invoice_id: 'in_confirming', url },
    });
    await take(money.invoicePaid(), story.updated(2, story.subscription(), { status: 'incomplete' }));
    expect(await accountOf(story)).toMatchObject({ tier: 1, action_required: null });
  });

  test.each([
    ['voided', 'void'],
    ['marked_uncollectible', 'uncollectible'],
  ] as const)('nothing any more once the invoice was %s', async (type, status) => {
    const { story, money } = aStory(type.replace('_', ''));
    const open = { status: 'open', amount_paid: 0, amount_remaining: 999 } as const;
    await take(story.created(0, story.subscription({ status: 'unpaid' })), money.invoice('payment_failed', open));
    expect(await accountOf(story)).toMatchObject({ action_required: { invoice_id: money.invoiceId } });
    expect(await take(money.invoice(type, { ...open, status }))).toEqual(['applied']);
    expect(await accountOf(story)).toMatchObject({ tier: 0, action_required: null });
    expect(await take(money.invoice(type, { ...open, status }))).toEqual(['ignored']);
  });
});

describe('a checkout whose payment took days', () => {
  test.each([
    ['async_payment_succeeded', 'succeeded'],
    ['async_payment_failed', 'failed'],
    ['expired', 'expired'],
  ])('%s is told', async (type, outcome) => {
    const { story } = aStory(`settled_${outcome}`);
    const { customerId: customer, subscriptionId: subscription, userId } = story;
    const session = aCheckoutSession({ customer, subscription, metadata: { user_id: userId } });
    expect(await take(story.event(`checkout.session.${type}`, session, 5))).toEqual(['applied']);
    expect(await told('billing.checkout.settled', story)).toMatchObject([{ session_id: session.id, outcome }]);
  });
});

/** Somebody waits for a lock on links; here, as the server also shows what other specs wait for in their databases. */
async function linksAreWaitedFor(): Promise<boolean> {
  const { rowCount } = await admin.query(
    `SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  );
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

describe('the locks of what leads from one payment to another', () => {
  const links = (count: number) => Array.from({ length: count }, (_, index) => `pi_bound_${index}`);
  const lock = (count: number, client: EntityManager) => client.query('SELECT FROM lock_linked($1)', [links(count)]);
  const advisory = (where: string) =>
    admin.query(
      `SELECT FROM pg_locks JOIN pg_database ON pg_database.oid = database
       WHERE locktype = 'advisory' AND datname = current_database() AND ${where}`,
    );

  it('are one for each, and one that all share, up to a bound, and a single one beyond it', async () => {
    await one.dataSource.transaction(async (manager) => {
      await lock(256, manager);
      expect((await advisory('granted')).rows).toHaveLength(257);
    });
    await one.dataSource.transaction(async (manager) => {
      await lock(5_000, manager);
      expect((await advisory('granted')).rows).toHaveLength(1);
    });
  });

  it('keep whoever needs a few from what a batch that needs very many is at', async () => {
    let isDone = false;
    let few: Promise<void> = Promise.resolve();
    await one.dataSource.transaction(async (manager) => {
      await lock(5_000, manager);
      few = another.dataSource.transaction(async (other) => {
        await lock(1, other);
        isDone = true;
      });
      await waitFor('the other to wait', async () => (await advisory('NOT granted')).rows.length === 1);
      expect(isDone).toBe(false);
    });
    await few;
    expect(isDone).toBe(true);
  });
});
