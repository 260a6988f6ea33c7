import { attributesSchema, domainEvents, isDomainEventType, samples } from '@billhook/contracts';
import type { DomainEvent, EventAttributes } from '@billhook/contracts';
import type { OutgoingEvent } from '@billhook/messaging';
import { aCheckoutSession, aCustomer, anInvoice, aSubscription, waitFor } from '@billhook/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { startAudit } from '../audit.spec-support.js';
import type { AuditUnderTest } from '../audit.spec-support.js';
import { aDomainEvent, anInvoicePayment, asSuperuser, aStripeDelivery, opened } from '../trail.spec-support.js';

const linked = (userId: string, customerId: string): OutgoingEvent =>
  aDomainEvent({ type: 'billing.customer.linked', data: { user_id: userId, customer_id: customerId } });

describe('the trail', () => {
  let audit: AuditUnderTest;

  beforeAll(async () => {
    audit = await startAudit();
  });
  afterAll(async () => {
    await audit?.stop();
  });

  it('lists what came in the order in which it came, over batches that overlap', async () => {
    const ids = Array.from({ length: 900 }, (_, index) => `order-${index}`);
    await audit.publish(...ids.map((id) => opened('ordered', { id })));
    await audit.settled();
    const listed = await asSuperuser(
      audit.database.adminUrl,
      "SELECT event_id FROM audit.entry WHERE user_id = 'ordered' ORDER BY seq",
    );
    expect(listed.map((row) => row['event_id'])).toEqual(ids);
  });

  const types = async (userId: string): Promise<string[]> =>
    (await audit.entries(`user_id=${userId}&limit=200`)).map((entry) => entry.type).toReversed();

  it('is ready once its database answers and its queue is consumed', async () => {
    await waitFor('readiness', async () => (await fetch(`${audit.managementUrl}/health/ready`)).status === 200);
  });

  it('lists the golden sample of every event, its data whole', async () => {
    const published = Object.keys(domainEvents)
      .filter(isDomainEventType)
      // One is not recorded; of the other's person nothing personal would be left to compare.
      .filter((type) => type !== 'audit.checkpoint.signed' && type !== 'billing.account.erasure_requested')
      .map((type) => goldenEvent(type));
    await audit.publish(...published);
    await audit.settled();
    const listed = await audit.entries('limit=200');
    for (const { attributes, body } of published) {
      const found = listed.find((entry) => entry.id === attributes.id);
      expect(found).toMatchObject({ type: attributes.type, data: JSON.parse(body.toString()) });
    }
  });

  it('tells the story of one customer, whichever came first, the link or the events of Stripe', async () => {
    const browser = { remoteaddress: '203.0.113.7', useragent: 'Firefox/140' };
    const checkout = { user_id: 'ada', tier: 1, billing_cycle: 'monthly', session_id: 'cs_test_ada' } as const;
    const payment = {
      user_id: 'ada',
      customer_id: 'cus_ada',
      subscription_id: 'sub_ada',
      invoice_id: 'in_ada',
      amount: 999,
      currency: 'usd',
    };
    const view = { ...samples['billing.subscription.started'].after, id: 'sub_ada', customer_id: 'cus_ada' };
    await audit.publish(
      opened('ada'),
      aStripeDelivery('customer.created', aCustomer({ id: 'cus_ada', metadata: {} })),
      aDomainEvent({ type: 'billing.checkout.started', data: checkout }, browser),
      aStripeDelivery(
        'checkout.session.completed',
        aCheckoutSession({ id: 'cs_test_ada', customer: 'cus_ada', metadata: { user_id: 'ada' } }),
      ),
      aStripeDelivery(
        'customer.subscription.created',
        aSubscription({ id: 'sub_ada', customer: 'cus_ada', metadata: { user_id: 'ada' } }),
      ),
      aStripeDelivery('invoice.paid', anInvoice({ id: 'in_ada', customer: 'cus_ada', parent: null, metadata: {} })),
      aStripeDelivery('invoice_payment.paid', anInvoicePayment('in_ada')),
      linked('ada', 'cus_ada'),
      aDomainEvent({
        type: 'billing.subscription.started',
        data: { user_id: 'ada', subscription_id: 'sub_ada', before: null, after: view, reason: 'created' },
      }),
      aDomainEvent({
        type: 'billing.tier.changed',
        data: { user_id: 'ada', from: 0, to: 1, reasons: [], at: '2026-11-23T09:00:00.000Z' },
      }),
      aDomainEvent({ type: 'billing.payment.succeeded', data: payment }),
      aStripeDelivery('customer.updated', aCustomer({ id: 'cus_ada', metadata: {} })),
      aStripeDelivery('customer.updated', aCustomer({ id: 'cus_somebody_else', metadata: {} })),
    );
    await audit.settled();
    expect(await types('ada')).toEqual([
      'billing.account.opened',
      'stripe.customer.created',
      'billing.checkout.started',
      'stripe.checkout.session.completed',
      'stripe.customer.subscription.created',
      'stripe.invoice.paid',
      'stripe.invoice_payment.paid',
      'billing.customer.linked',
      'billing.subscription.started',
      'billing.tier.changed',
      'billing.payment.succeeded',
      'stripe.customer.updated',
    ]);
    const all = await audit.entries('user_id=ada');
    expect(new Set(all.map((entry) => entry.user_id))).toEqual(new Set(['ada']));
    expect(all.find((entry) => entry.type === 'billing.checkout.started')).toMatchObject({
      ip: '203.0.113.7',
      user_agent: 'Firefox/140',
      occurred_at: '2026-11-23T09:00:00.000Z',
    });
  });

  it('follows a customer to the user it was linked to last', async () => {
    await audit.publish(
      linked('first-owner', 'cus_moved'),
      aStripeDelivery('customer.updated', aCustomer({ id: 'cus_moved', metadata: {} })),
      linked('second-owner', 'cus_moved'),
    );
    await audit.settled();
    expect(await types('first-owner')).toEqual(['billing.customer.linked']);
    expect(await types('second-owner')).toEqual(['stripe.customer.updated', 'billing.customer.linked']);
  });

  it('has one entry of an event that was delivered twice', async () => {
    const event = opened('twice');
    await audit.publish(event, event);
    await audit.settled();
    await audit.publish(event);
    await audit.settled();
    expect(await audit.entries('user_id=twice')).toHaveLength(1);
  });

  it('does not record the announcement of its own head', async () => {
    await audit.publish(withBody({ id: 'checkpoint-1', type: 'audit.checkpoint.signed' }, '{"seq":1}'));
    await audit.settled();
    expect((await audit.get('/v1/entries/checkpoint-1')).status).toBe(404);
  });

  it('takes what is hostile, and what comes after it', async () => {
    const bodies: [string, string | Buffer][] = [
      ['nul', '{"user_id":"mallory","text":"a\\u0000b"}'],
      ['surrogate', '{"user_id":"mallory","text":"\\ud800"}'],
      ['not-json', '<html>'],
      ['empty', ''],
      ['not-utf8', Buffer.from([0xff, 0xfe, 0x00])],
      ['deep', `${'['.repeat(50_000)}${']'.repeat(50_000)}`],
      ['wide', JSON.stringify({ text: 'x'.repeat(1024 * 1024) })],
      ['number', '{"amount":1e400}'],
      ['prototype', '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}'],
      ['formula', '{"text":"=HYPERLINK(\\"http://evil.example\\")","html":"<script>alert(1)</script>"}'],
      ['long-user', JSON.stringify({ user_id: 'x'.repeat(5_000) })],
    ];
    const hostile = (prefix: string, type: string): OutgoingEvent[] =>
      bodies.map(([name, body]) => withBody({ id: `${prefix}-${name}`, type, requestid: 'hostile' }, body));
    await audit.publish(
      ...hostile('billing', 'billing.unknown.happened'),
      ...hostile('stripe', 'stripe.invoice.paid'),
      withBody({ id: 'year-0', type: 'stripe.x', time: '0000-01-01T00:00:00Z', requestid: 'hostile' }, '{}'),
      withBody(
        { id: 'nul-in-header', type: 'stripe.x', useragent: 'a\0\ud800b', requestid: 'hostile', remoteaddress: '\0' },
        '{}',
      ),
      withBody({ id: 'long-header', type: 'stripe.x', useragent: 'x'.repeat(10_000), requestid: 'hostile' }, '{}'),
    );
    await audit.settled();
    expect(await audit.entries('request_id=hostile&limit=200')).toHaveLength(2 * bodies.length + 3);
    expect((await audit.get('/v1/chain/verify')).body).toMatchObject({ ok: true });
    expect(await audit.entries('user_id=mallory')).toHaveLength(2);
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });
});

describe('a database that is away', () => {
  let audit: AuditUnderTest | undefined;

  afterEach(async () => {
    await audit?.stop();
  });

  it('loses nothing and is said to be away', async () => {
    const started = await startAudit();
    audit = started;
    await started.settled();
    const { adminUrl } = started.database;
    const name = new URL(adminUrl).pathname.slice(1);
    // A superuser is let in all the same.
    await asSuperuser(adminUrl, `ALTER DATABASE ${name} CONNECTION LIMIT 0`);
    await asSuperuser(
      adminUrl,
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    );
    await started.publish(opened('meanwhile'), opened('meanwhile'));
    await waitFor('the problem', async () => {
      const { status, body } = await started.get('/v1/entries');
      return status === 503 && JSON.stringify(body).includes('database_unavailable');
    });
    await waitFor('not ready', async () => (await fetch(`${started.managementUrl}/health/ready`)).status === 503);
    await asSuperuser(adminUrl, `ALTER DATABASE ${name} CONNECTION LIMIT -1`);
    await started.settled();
    expect((await started.get('/v1/chain/verify')).body).toMatchObject({ ok: true, entries: 4 });
    expect(await started.entries('user_id=meanwhile')).toHaveLength(2);
  });
});

function goldenEvent(type: DomainEvent['type']): OutgoingEvent {
  return withBody({ id: `golden-${type}`, type }, JSON.stringify(samples[type]));
}

function withBody(
  attributes: Partial<EventAttributes> & { id: string; type: string },
  body: string | Buffer,
): OutgoingEvent {
  return {
    attributes: attributesSchema.parse({ source: 'spec', time: '2026-11-23T09:00:00Z', ...attributes }),
    body: Buffer.from(body),
  };
}
