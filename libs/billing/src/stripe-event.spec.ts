import {
  aCheckoutSession,
  aCustomer,
  anInvoice,
  aStripeEvent,
  aSubscription,
  aSubscriptionItem,
  periodEnd,
  started,
} from '@billhook/testing';
import { describe, expect, it, test } from '@jest/globals';
import { customerOf, toStripeFact } from './stripe-event.js';

/** As it comes out of a parsed body: undefined fields are gone. */
function wire(event: object): unknown {
  return JSON.parse(JSON.stringify(event));
}

function factOf(type: string, object: object, overrides: Parameters<typeof aStripeEvent>[2] = {}) {
  return toStripeFact(wire(aStripeEvent(type, object, { id: 'evt_1', ...overrides })));
}

describe('a subscription event', () => {
  it('is read in the current API version, with the period of its item', () => {
    expect(factOf('customer.subscription.created', aSubscription())).toEqual({
      ok: true,
      value: {
        kind: 'subscription',
        customerId: 'cus_1',
        userId: 'user_1',
        event: {
          id: 'evt_1',
          type: 'customer.subscription.created',
          kind: 'created',
          at: new Date(started * 1000),
          before: null,
          snapshot: {
            subscriptionId: 'sub_1',
            customerId: 'cus_1',
            userId: 'user_1',
            status: 'active',
            pauseReason: null,
            collectionPause: null,
            items: [
              {
                priceId: 'price_pro_monthly',
                currentPeriodStart: new Date(started * 1000),
                currentPeriodEnd: new Date(periodEnd * 1000),
              },
            ],
            cancelAtPeriodEnd: false,
            cancelAt: null,
            canceledAt: null,
            endedAt: null,
            trialStart: null,
            trialEnd: null,
            pendingUpdateExpiresAt: null,
            latestInvoiceId: 'in_1',
            scheduleId: null,
            discountIds: [],
            createdAt: new Date(started * 1000),
          },
        },
      },
    });
  });

  it('takes the period from the subscription itself where an older API version left it', () => {
    const { current_period_start: start, current_period_end: end, ...item } = aSubscriptionItem();
    const old = { ...aSubscription(), current_period_start: start, current_period_end: end, items: { data: [item] } };
    const fact = factOf('customer.subscription.updated', old);
    expect(fact).toMatchObject({
      value: { event: { snapshot: { items: [{ currentPeriodEnd: new Date(periodEnd * 1000) }] } } },
    });
  });

  it('takes an expanded customer for its id', () => {
    const fact = factOf('customer.subscription.updated', aSubscription({ customer: aCustomer({ id: 'cus_9' }) }));
    expect(fact).toMatchObject({ value: { customerId: 'cus_9' } });
  });

  it('rebuilds the state before from previous_attributes', () => {
    const now = aSubscription({ cancel_at_period_end: true, cancel_at: periodEnd });
    const previousAttributes = { cancel_at_period_end: false, cancel_at: null, metadata: { note: 'x' } };
    const fact = factOf('customer.subscription.updated', now, { previousAttributes });
    expect(fact).toMatchObject({
      value: {
        event: {
          before: { cancelAtPeriodEnd: false, cancelAt: null, userId: 'user_1' },
          snapshot: { cancelAtPeriodEnd: true, cancelAt: new Date(periodEnd * 1000) },
        },
      },
    });
  });

  it('says that the state before is unknown when previous_attributes cannot be read', () => {
    const previousAttributes = { items: { data: [{ id: 'si_1' }] } };
    const fact = factOf('customer.subscription.updated', aSubscription(), { previousAttributes });
    expect(fact).toMatchObject({ ok: true, value: { event: { before: null } } });
  });

  test.each([
    ['customer.subscription.created', 'created'],
    ['customer.subscription.updated', 'updated'],
    ['customer.subscription.paused', 'updated'],
    ['customer.subscription.trial_will_end', 'updated'],
    ['customer.subscription.deleted', 'deleted'],
  ])('%s stands at %s in the lifecycle', (type, kind) => {
    expect(factOf(type, aSubscription())).toMatchObject({ value: { kind: 'subscription', event: { kind } } });
  });

  it('leaves out an item whose quantity is 0, of which nothing is bought, and keeps a metered one, which has none', () => {
    const named = (price: string, quantity?: number) => ({ ...aSubscriptionItem(), price: { id: price }, quantity });
    const data = [named('price_elite_monthly', 0), named('price_pro_monthly', 1), named('price_metered')];
    const fact = factOf('customer.subscription.updated', { ...aSubscription(), items: { data } });
    expect(fact).toMatchObject({
      value: { event: { snapshot: { items: [{ priceId: 'price_pro_monthly' }, { priceId: 'price_metered' }] } } },
    });
  });

  it('keeps a status that Stripe has only just invented', () => {
    const fact = factOf('customer.subscription.updated', aSubscription({ status: 'hibernating' }));
    expect(fact).toMatchObject({ ok: true, value: { event: { snapshot: { status: 'hibernating' } } } });
  });
});

describe('what cannot be read is named by its path', () => {
  const subscription = aSubscription();
  test.each<[string, object, string]>([
    ['no customer', { ...subscription, customer: null }, 'data.object.customer'],
    ['no id', { ...subscription, id: undefined }, 'data.object.id'],
    ['a status that is no text', { ...subscription, status: 3 }, 'data.object.status'],
    ['items that are no list', { ...subscription, items: { data: {} } }, 'data.object.items.data'],
    ['no items at all', { ...subscription, items: null }, 'data.object.items'],
    [
      'an item without a price',
      { ...subscription, items: { data: [{ id: 'si_1' }] } },
      'data.object.items.data[0].price',
    ],
    ['a time as text', { ...subscription, cancel_at: '2026-12-01' }, 'data.object.cancel_at'],
    ['a time past the year 9999', { ...subscription, cancel_at: 253_402_300_800 }, 'data.object.cancel_at'],
    ['a flag as text', { ...subscription, cancel_at_period_end: 'false' }, 'data.object.cancel_at_period_end'],
    ['NUL in the user id', { ...subscription, metadata: { user_id: 'a\0b' } }, 'data.object.metadata.user_id'],
    [
      'an unpaired surrogate in the user id',
      { ...subscription, metadata: { user_id: '\ud800' } },
      'data.object.metadata.user_id',
    ],
    [
      'a user id that is too long',
      { ...subscription, metadata: { user_id: 'u'.repeat(256) } },
      'data.object.metadata.user_id',
    ],
    ['NUL in an id', { ...subscription, id: 'sub_\0' }, 'data.object.id'],
  ])('%s', (_, object, path) => {
    expect(factOf('customer.subscription.updated', object)).toEqual({ ok: false, path });
  });

  test.each<[unknown, string]>([
    [null, '(document)'],
    ['text', '(document)'],
    [[], '(document)'],
    [{ id: 'evt_1', type: 'invoice.paid', created: 'yesterday' }, 'created'],
    [{ id: 'evt_1', type: 'invoice.paid', created: 1 }, 'data'],
    [{ id: 'evt_1', type: 'invoice.paid', created: 1, data: { object: null } }, 'data.object'],
  ])('a body of %j', (body, path) => {
    expect(toStripeFact(body)).toEqual({ ok: false, path });
  });
});

describe('an invoice event', () => {
  it('is read in the current API version', () => {
    expect(factOf('invoice.paid', anInvoice())).toEqual({
      ok: true,
      value: {
        kind: 'payment',
        outcome: 'succeeded',
        customerId: 'cus_1',
        userId: 'user_1',
        invoice: {
          hostedInvoiceUrl: null,
          invoiceId: 'in_1',
          customerId: 'cus_1',
          subscriptionId: 'sub_1',
          userId: 'user_1',
          status: 'paid',
          amountPaid: 999,
          amountRemaining: 0,
          currency: 'usd',
          attemptCount: 1,
          covers: { start: new Date(started * 1000), end: new Date(periodEnd * 1000) },
          priceIds: [],
          paidAt: new Date(started * 1000),
          payments: [],
        },
      },
    });
  });

  it('finds the subscription where an older API version kept it', () => {
    const old = {
      ...anInvoice({ parent: null }),
      subscription: 'sub_old',
      subscription_details: { metadata: { user_id: 'u' } },
    };
    expect(factOf('invoice.paid', old)).toMatchObject({
      value: { userId: 'u', invoice: { subscriptionId: 'sub_old' } },
    });
  });

  it('may be of no subscription', () => {
    expect(factOf('invoice.paid', anInvoice({ parent: null }))).toMatchObject({
      value: { userId: null, invoice: { subscriptionId: null } },
    });
  });

  const fee = { amount: 500, period: { start: started + 86_400, end: started + 86_400 } };
  const month = { amount: 999, period: { start: started, end: periodEnd } };
  const feeLines: [string, object, object][] = [
    [
      'since basil',
      { ...fee, parent: { invoice_item_details: { proration: false, subscription: 'sub_1' } } },
      { ...month, parent: { subscription_item_details: { proration: false, subscription: 'sub_1' } } },
    ],
    [
      'before basil',
      { ...fee, type: 'invoiceitem', proration: false, subscription: 'sub_1' },
      { ...month, type: 'subscription', proration: false, subscription: 'sub_1' },
    ],
  ];

  test.each(feeLines)('%s buys no time with a fee, alone or beside the plan', (_, feeLine, monthLine) => {
    const covers = (lines: object[]) => factOf('invoice.paid', { ...anInvoice(), lines: { data: lines } });
    expect(covers([feeLine])).toMatchObject({ value: { invoice: { amountPaid: 999, covers: null } } });
    const bought = { start: new Date(started * 1000), end: new Date(periodEnd * 1000) };
    expect(covers([feeLine, monthLine])).toMatchObject({ value: { invoice: { covers: bought } } });
  });

  test.each([
    ['invoice.paid', 'succeeded'],
    ['invoice.payment_succeeded', 'succeeded'],
    ['invoice.payment_failed', 'failed'],
  ])('%s means that the payment %s', (type, outcome) => {
    expect(factOf(type, anInvoice())).toMatchObject({ value: { kind: 'payment', outcome } });
  });
});

describe('a Checkout session', () => {
  it('tells whose customer it is', () => {
    expect(factOf('checkout.session.completed', aCheckoutSession())).toMatchObject({
      value: {
        kind: 'checkout',
        customerId: 'cus_1',
        userId: 'user_1',
      },
    });
  });

  it('does not take the client reference for a user: a payment link lets anybody set it', () => {
    const session = aCheckoutSession({ metadata: {}, client_reference_id: 'somebody-else' });
    expect(factOf('checkout.session.completed', session)).toMatchObject({ value: { userId: null } });
  });

  test.each(['completed', 'async_payment_succeeded', 'async_payment_failed', 'expired'])(
    'of what is sold once is nothing of ours: checkout.session.%s',
    (outcome) => {
      const session = aCheckoutSession({ mode: 'payment', subscription: null });
      expect(factOf(`checkout.session.${outcome}`, session)).toEqual({ ok: true, value: { kind: 'irrelevant' } });
    },
  );

  it('is irrelevant without a customer', () => {
    expect(factOf('checkout.session.completed', aCheckoutSession({ customer: null }))).toEqual({
      ok: true,
      value: { kind: 'irrelevant' },
    });
  });
});

describe('other events', () => {
  test.each(['price.updated', 'customer.tax_id.created', 'invoice.created', 'something.new'])(
    '%s is irrelevant',
    (type) => {
      expect(factOf(type, { id: 'x_1' })).toEqual({ ok: true, value: { kind: 'irrelevant' } });
    },
  );

  it.each<[string, object, string | null]>([
    ['invoice.created', anInvoice({ customer: 'cus_7' }), 'cus_7'],
    ['customer.updated', aCustomer({ id: 'cus_7' }), 'cus_7'],
    ['price.updated', { id: 'price_1' }, null],
  ])('%s is known to be about its customer all the same', (type, object, customerId) => {
    expect(customerOf(wire(aStripeEvent(type, object)))).toBe(customerId);
  });

  it('names the customer who was deleted', () => {
    expect(factOf('customer.deleted', aCustomer({ id: 'cus_1' }))).toEqual({
      ok: true,
      value: { kind: 'customer_deleted', customerId: 'cus_1' },
    });
  });

  describe('that is thin', () => {
    const thin = {
      object: 'v2.core.event',
      id: 'evt_thin',
      type: 'v1.customer.subscription.item_price_changed',
      created: '2026-11-01T00:00:05.123Z',
      related_object: { id: 'sub_1', type: 'subscription', url: '/v1/subscriptions/sub_1' },
      snapshot_event: 'evt_snapshot',
    };

    it('and about a subscription says which to look at, and which snapshot tells the same', () => {
      const value = { kind: 'subscription_hint', subscriptionId: 'sub_1', snapshotEventId: 'evt_snapshot' };
      expect(toStripeFact(thin)).toEqual({ ok: true, value });
      expect(customerOf(thin)).toBeNull();
    });

    it('need not be paired with a snapshot', () => {
      const { snapshot_event: _, ...alone } = thin;
      expect(toStripeFact(alone)).toMatchObject({ value: { kind: 'subscription_hint', snapshotEventId: null } });
    });

    test.each([
      { type: 'v1.invoice_payment.paid', related_object: { id: 'inpay_1', type: 'invoice_payment' } },
      { type: 'v1.customer.subscription.invented', related_object: { id: 'x_1', type: 'something_new' } },
      { type: 'v2.core.health.event_generation_failure.failed', related_object: null },
    ])('and about something else ($type) is not used', (about) => {
      expect(toStripeFact({ ...thin, ...about })).toEqual({ ok: true, value: { kind: 'hint' } });
    });

    it('says that events were never made', () => {
      const { related_object: _, ...alone } = thin;
      const type = 'v2.core.health.event_generation_failure.resolved';
      expect(toStripeFact({ ...alone, type })).toEqual({ ok: true, value: { kind: 'events_not_made' } });
    });

    test.each([
      ['related_object', { related_object: null }],
      ['related_object.id', { related_object: { type: 'subscription' } }],
      ['related_object.type', { related_object: { id: 'sub_1' } }],
      ['snapshot_event', { snapshot_event: 7 }],
      ['type', { type: null }],
    ])('and cannot be read says where: %s', (path, broken) => {
      expect(toStripeFact({ ...thin, ...broken })).toEqual({ ok: false, path });
    });
  });
});
