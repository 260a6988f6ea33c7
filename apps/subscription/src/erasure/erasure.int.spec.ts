import type { RunningService } from '@billhook/runtime';
import { aCustomer, aStripeEvent, dumpSchema, waitFor } from '@billhook/testing';
import type { StripeEventBody } from '@billhook/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash, randomUUID } from 'node:crypto';
import { CustomerStory } from '../customer-story.spec-support.js';
import { fromGateway, opened } from '../messages.spec-support.js';
import { World } from '../running-service.spec-support.js';

let world: World;
let service: RunningService;

beforeAll(async () => {
  world = await World.create();
  service = await world.start();
});

afterAll(async () => {
  await world?.end();
});

const completed = 'billing.account.erasure_completed';

function erasureOf(userId: string, requestId: string = randomUUID()) {
  const data = { user_id: userId, request_id: requestId, reason: 'ticket 4711' };
  return fromGateway({ type: 'billing.account.erasure_requested', data });
}

/** What stands where a person's data stood: words that stand nowhere else. */
const canary = (name: string) => ({
  email: `canary-${name}@example.com`,
  name: `Canary ${name} Lovelace`,
  address: {
    line1: `${name} Canary Street 1`,
    city: 'London',
    country: 'GB',
    line2: null,
    postal_code: null,
    state: null,
  },
  ip: '203.0.113.77',
});

const customerUpdated = (story: CustomerStory, second: number): StripeEventBody => {
  const { email, name, address, ip } = canary(story.name);
  const metadata = { user_id: story.userId, ip };
  return story.event('customer.updated', aCustomer({ id: story.customerId, email, name, address, metadata }), second);
};

/** Of a card that is nobody's any more: only what it was before tells whose. */
const cardDetached = (story: CustomerStory): StripeEventBody => {
  const { email, name } = canary(story.name);
  const card = { object: 'payment_method', id: 'pm_1', customer: null, billing_details: { email, name } };
  return story.event('payment_method.detached', card, 40, { customer: story.customerId });
};

async function dump(): Promise<string> {
  return dumpSchema(world.databaseAdminUrl, 'subscription');
}

/** Everything that is due for this user has been done. */
async function settled(userId: string): Promise<void> {
  await waitFor(
    'the erasure',
    async () => {
      const rows = await world.query(
        'SELECT FROM erasure WHERE user_id = $1 AND due_at IS NULL AND completed_at IS NOT NULL',
        [userId],
      );
      return rows.length === 1;
    },
    30_000,
  );
}

describe('an erasure', () => {
  it('leaves no byte of the person in any table, and says what it did', async () => {
    const [ada, other] = [new CustomerStory('ada'), new CustomerStory('other')];
    const page = { hosted_invoice_url: 'https://invoice.stripe.com/i/canary-ada', status: 'open' } as const;
    const unreadable = ada.event(
      'customer.subscription.updated',
      { customer: ada.customerId, canary: canary('ada') },
      9,
    );
    const events = [
      customerUpdated(ada, 0),
      ada.created(1),
      ada.invoice('payment_failed', { ...page, customer_email: canary('ada').email }),
      cardDetached(ada),
      unreadable,
      customerUpdated(other, 0),
      cardDetached(other),
    ];
    await world.publish(opened(ada.userId), ...events);
    await world.outcomesOf(...events.map(({ id }) => id));
    expect(await dump()).toMatch(/canary-ada/);

    const requestId = randomUUID();
    await world.publish(erasureOf(ada.userId, requestId));
    await settled(ada.userId);
    const after = await dump();
    expect(after.match(/.*(?:canary-ada|canary ada|ada canary).*/gi) ?? []).toEqual([]);
    expect(after).toContain('canary-other@example.com');
    expect(await world.told(completed, ada.userId)).toEqual([
      {
        user_id: ada.userId,
        request_id: requestId,
        service: 'subscription',
        counts: { raw_events: 7, parked_events: 1, invoices: 1, published_events: expect.any(Number) },
      },
    ]);
    expect(await world.ops(service, `/v1/events/${unreadable.id}`)).toMatchObject({
      body: { status: 'parked', reason: 'redacted' },
    });
  });

  it('keeps the fingerprint, the type and the time of what it took', async () => {
    const story = new CustomerStory('print');
    const event = customerUpdated(story, 0);
    await world.publish(event, erasureOf(story.userId));
    await settled(story.userId);
    const rows = await world.query('SELECT type, headers, body, body_sha256 FROM raw_event WHERE event_id = $1', [
      event.id,
    ]);
    const body_sha256 = createHash('sha256').update(JSON.stringify(event)).digest();
    expect(rows).toEqual([{ type: 'stripe.customer.updated', headers: null, body: null, body_sha256 }]);
  });

  it('lets what comes late have its effect, and keeps nothing of it', async () => {
    const late = new CustomerStory('late');
    const created = late.created(0);
    await world.publish(created);
    await world.outcomesOf(created.id);
    await world.publish(erasureOf(late.userId));
    await settled(late.userId);
    const events = [customerUpdated(late, 5), late.deleted(60), cardDetached(late)];
    await world.publish(...events);
    await world.outcomesOf(...events.map(({ id }) => id));
    expect(await world.accountOf(late.userId)).toMatchObject({ tier: 0, subscription: { is_canceled: true } });
    await settled(late.userId);
    expect((await dump()).match(/.*(?:canary-late|canary late|late canary).*/gi) ?? []).toEqual([]);
    expect(await world.told(completed, late.userId)).toHaveLength(1);
  });

  it('lets what comes late and fails be parked as a head alone', async () => {
    const late = new CustomerStory('failing');
    const created = late.created(0);
    await world.publish(created);
    await world.outcomesOf(created.id);
    await world.publish(erasureOf(late.userId));
    await settled(late.userId);
    const broken = { customer: late.customerId, canary: canary('failing') };
    const unreadable = late.event('customer.subscription.updated', broken, 9);
    await world.publish(unreadable);
    await world.outcomesOf(unreadable.id);
    await waitFor('it to be parked', async () => {
      const rows = await world.query(
        `SELECT FROM parked_event WHERE event_id = $1 AND retry_at IS NULL AND reason = 'redacted'
         AND headers IS NULL AND body IS NULL`,
        [unreadable.id],
      );
      return rows.length === 1;
    });
    await settled(late.userId);
    expect((await dump()).match(/.*(?:canary-failing|canary failing|failing canary).*/gi) ?? []).toEqual([]);
  });

  it('holds for a user whom nobody here had heard of', async () => {
    const story = new CustomerStory('unheard');
    await world.publish(erasureOf(story.userId));
    await settled(story.userId);
    const event = customerUpdated(story, 0);
    await world.publish(event);
    await world.outcomesOf(event.id);
    expect(await dump()).not.toContain(canary('unheard').email);
  });

  it('goes through more events than one page holds', async () => {
    const many = new CustomerStory('many');
    const events = Array.from({ length: 1_050 }, (_, index) =>
      aStripeEvent('customer.updated', aCustomer({ id: many.customerId, email: canary('many').email }), {
        id: `evt_of_many_${index}`,
      }),
    );
    const link = many.created(0);
    await world.publish(link, ...events);
    await world.outcomesOf(link.id, ...events.map(({ id }) => id));
    await world.publish(erasureOf(many.userId));
    await settled(many.userId);
    expect(await world.told(completed, many.userId)).toMatchObject([{ counts: { raw_events: 1_052 } }]);
    expect(await dump()).not.toContain(canary('many').email);
  });

  it('is taken up again where a process was stopped in the middle, and asked for again it is answered again', async () => {
    const story = new CustomerStory('again');
    const event = customerUpdated(story, 0);
    await world.publish(event, erasureOf(story.userId));
    await settled(story.userId);
    // As a process leaves it that died with the lease: the bytes are there still, and the lease has ended.
    await world.query(`UPDATE raw_event SET body = 'canary-again' WHERE event_id = $1`, [event.id]);
    await world.query('UPDATE erasure SET due_at = now(), attempts = 3 WHERE user_id = $1', [story.userId]);
    await waitFor('the bytes to go', async () => !(await dump()).includes('canary-again'));
    expect(await world.told(completed, story.userId)).toHaveLength(1);
    await world.publish(erasureOf(story.userId));
    await waitFor('a second answer', async () => (await world.told(completed, story.userId)).length === 2);
  });
});
