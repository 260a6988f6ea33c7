import {
  aCheckoutSession,
  aCustomer,
  anInvoice,
  anInvoiceLine,
  aPrice,
  aStripeEvent,
  aSubscription,
} from '@billhook/testing';
import { describe, expect, it } from '@jest/globals';
import { referencesOf } from './references.js';
import { toStorable } from './storable.js';
import type { Json, Note } from './storable.js';
import { projectStripeEvent } from './stripe-projection.js';

function project(event: object): { data: Json; notes: Note[] } {
  const notes = new Set<Note>();
  const data = projectStripeEvent(toStorable(JSON.parse(JSON.stringify(event)), notes), notes);
  return { data, notes: [...notes] };
}

const ours = { user_id: 'user-1', tier: '1', billing_cycle: 'monthly' };
const lines = { object: 'list' as const, data: [anInvoiceLine()], has_more: false, url: '/v1/x' };

/** Objects in today's shape, and some that have no builder. */
const objects: [string, object][] = [
  ['customer', aCustomer()],
  ['subscription', aSubscription()],
  ['invoice', anInvoice({ lines })],
  ['checkout.session', aCheckoutSession()],
  ['price', aPrice()],
  [
    'charge',
    {
      id: 'ch_1',
      object: 'charge',
      amount: 999,
      customer: 'cus_1',
      billing_details: { name: 'Jane', email: 'jane@example.com', address: { line1: 'High Street 1' } },
      payment_method_details: { card: { last4: '4242', brand: 'visa', fingerprint: 'abc' } },
      receipt_url: 'https://pay.stripe.example/receipt',
    },
  ],
  [
    'payment_method',
    { id: 'pm_1', object: 'payment_method', type: 'card', card: { last4: '4242' }, customer: 'cus_1' },
  ],
  ['something new', { id: 'new_1', object: 'brand_new', customer: 'cus_1', owner_name: 'Jane Doe' }],
];

describe('what is kept of a Stripe event', () => {
  it('is what happened to a subscription', () => {
    const subscription = aSubscription({ metadata: ours, cancel_at_period_end: true });
    const event = aStripeEvent('customer.subscription.updated', subscription, {
      previousAttributes: { cancel_at_period_end: false, description: 'a note about Jane' },
    });
    expect(project(event).data).toMatchObject({
      event: { object: 'event', api_version: '2026-10-28.endive', livemode: false, request: { id: 'req_1' } },
      object: {
        id: subscription.id,
        object: 'subscription',
        status: 'active',
        customer: subscription.customer,
        cancel_at_period_end: true,
        cancel_at: null,
        metadata: ours,
        items: {
          data: [{ id: expect.any(String), current_period_end: expect.any(Number), price: { currency: 'usd' } }],
        },
      },
      changed: ['cancel_at_period_end', 'description'],
      previous: { cancel_at_period_end: false },
    });
  });

  it('is what an invoice asked for, and what was paid', () => {
    expect(project(aStripeEvent('invoice.paid', anInvoice({ lines }))).data).toMatchObject({
      object: {
        object: 'invoice',
        status: 'paid',
        amount_due: 999,
        amount_paid: 999,
        currency: 'usd',
        billing_reason: 'subscription_create',
        lines: { data: [{ amount: 999, period: { start: expect.any(Number) } }] },
      },
    });
  });

  it.each(objects)('has id and type of a %s', (_, object) => {
    const { id, object: kind } = JSON.parse(JSON.stringify(object));
    expect(project(aStripeEvent('x.y', object)).data).toMatchObject({ object: { id, object: kind } });
  });

  it('is an id where the whole object stands', () => {
    const event = aStripeEvent('invoice.paid', { ...anInvoice(), customer: aCustomer({ id: 'cus_9' }) });
    expect(project(event).data).toMatchObject({ object: { customer: 'cus_9' } });
  });

  it('is the related object of a thin event', () => {
    const thin = {
      id: 'evt_2',
      object: 'v2.core.event',
      type: 'v1.customer.updated',
      related_object: { id: 'cus_1', type: 'customer', url: '/v1/customers/cus_1' },
    };
    const { data } = project(thin);
    expect(data).toEqual({ event: { object: 'v2.core.event', related_object: { id: 'cus_1', type: 'customer' } } });
    expect(referencesOf(data, []).customerId).toBe('cus_1');
  });

  it.each([null, [], 'text', 7, { data: null }, { data: { object: [] } }, { data: { object: { object: {} } } }])(
    'is little, and no error, where the event is none: %j',
    (event) => {
      expect(project(Object(event)).notes).toEqual([]);
    },
  );
});

describe('what is not kept of a Stripe event', () => {
  const canary = 'Jane Doe <jane@example.com>';

  /** The kind decides what is kept; user ids are the product's own, whatever they look like. */
  const kept = new Set(['object', 'user_id', 'client_reference_id']);

  /** Every other text of an object replaced, and text hidden in fields that Stripe does not have. */
  function poisoned(value: unknown, name = ''): unknown {
    if (typeof value === 'string') return kept.has(name) ? value : canary;
    if (Array.isArray(value)) return value.map((each: unknown) => poisoned(each));
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value).map(([key, each]) => [key, poisoned(each, key)] as const);
    return { ...Object.fromEntries(entries), invented: canary };
  }

  it.each(objects)('is any free text of a %s, wherever it stands', (_, object) => {
    const bad = poisoned(JSON.parse(JSON.stringify(object)));
    const event = aStripeEvent('x.y', Object(bad), { previousAttributes: Object(bad) });
    expect(JSON.stringify(project(event).data)).not.toContain('Jane');
  });

  it.each(['4242', 'visa', 'jane@', 'High Street', 'https://'])('is the %s of a charge', (text) => {
    const charge = objects.find(([kind]) => kind === 'charge')?.[1] ?? {};
    expect(JSON.stringify(project(aStripeEvent('charge.succeeded', charge)).data)).not.toContain(text);
  });

  it('is metadata that others wrote, or a card number in ours', () => {
    const metadata = { user_id: 'user-1', tier: '4242424242424242', note: 'ask Jane' };
    expect(project(aStripeEvent('customer.updated', aCustomer({ metadata }))).data).toMatchObject({
      object: { metadata: { user_id: 'user-1' } },
    });
    expect(JSON.stringify(project(aStripeEvent('customer.updated', aCustomer({ metadata }))).data)).not.toMatch(
      /4242|Jane/,
    );
  });

  it('is the rest of a list beyond 100, which the notes say', () => {
    const data = Array.from({ length: 101 }, () => anInvoiceLine());
    const { notes } = project(aStripeEvent('invoice.paid', anInvoice({ lines: { ...lines, data } })));
    expect(notes).toEqual(['list_cut']);
  });
});

describe('whom a Stripe event is about', () => {
  const references = (object: object) => referencesOf(project(aStripeEvent('x.y', object)).data, ['evt_1', null]);

  it('is the user of our metadata, on the object or, for an invoice, on its subscription', () => {
    expect(references(aSubscription({ metadata: ours })).userId).toBe('user-1');
    const parent = { type: 'subscription_details', subscription_details: { metadata: ours, subscription: 'sub_1' } };
    expect(references({ ...anInvoice({ metadata: {} }), parent }).userId).toBe('user-1');
    expect(references({ id: 'in_1', object: 'invoice', subscription_details: { metadata: ours } }).userId).toBe(
      'user-1',
    );
  });

  it('is left open where no metadata says so, and is the customer either way', () => {
    expect(references(aCustomer({ id: 'cus_5', metadata: {} }))).toMatchObject({ userId: null, customerId: 'cus_5' });
    expect(references({ id: 'ch_1', object: 'charge', customer: 'cus_6' })).toMatchObject({ customerId: 'cus_6' });
  });

  it.each<[string, object, string | null]>([
    ['the invoice that a payment is of', { object: 'invoice_payment', invoice: 'in_1' }, 'in_1'],
    [
      'that invoice when it stands there whole',
      { object: 'invoice_payment', invoice: anInvoice({ id: 'in_2' }) },
      'in_2',
    ],
    ['nothing when the invoice is not said', { object: 'invoice_payment', invoice: null }, null],
    ['nothing when it is no id', { object: 'invoice_payment', invoice: 'first' }, null],
    ['nothing where the customer is named', { object: 'invoice_payment', invoice: 'in_1', customer: 'cus_1' }, null],
    ['nothing where the user is named', { object: 'invoice_payment', invoice: 'in_1', metadata: ours }, null],
    ['nothing for an object of another kind', { object: 'setup_intent', invoice: 'in_1' }, null],
    ['nothing for an object that does not say its kind', { invoice: 'in_1' }, null],
    ["nothing for a kind that is a prototype's", { object: 'constructor', invoice: 'in_1' }, null],
  ])('is sought through %s', (_, object, via) => {
    expect(references(object).customerVia).toBe(via);
  });

  it('is found by every id but those that nearly every entry names', () => {
    const found = references(aSubscription({ id: 'sub_1', customer: 'cus_1', latest_invoice: 'in_1' })).stripeIds;
    expect(found).toEqual(['cus_1', 'evt_1', 'in_1', 'sub_1']);
    expect(references(aPrice({ id: 'price_7' })).stripeIds).toContain('price_7');
  });
});
