import { aSubscription } from '@billhook/testing';
import { describe, expect, it } from '@jest/globals';
import { toFetchedSubscription, unpaidSince } from './fetched-subscription.js';
import type { ListedInvoice } from './fetched-subscription.js';

/** Newest first, as Stripe lists them, a second apart. */
function invoices(...statuses: string[]): ListedInvoice[] {
  return statuses.map((status, index) => invoice({ status, status_transitions: { finalized_at: 100 - index } }));
}

function invoice(overrides: Partial<ListedInvoice>): ListedInvoice {
  return { status: 'open', created: 1, due_date: null, status_transitions: { finalized_at: 2 }, ...overrides };
}

describe('since when nothing has been paid', () => {
  it.each([
    [['open'], 100],
    [['open', 'open', 'paid'], 99],
    [['open', 'paid', 'open'], 100],
    [['draft', 'open', 'void', 'paid'], 99],
    [['open', 'uncollectible', 'open', 'paid'], 98],
    [['open', 'uncollectible', 'paid'], 99],
    [['uncollectible', 'void', 'paid', 'open'], 100],
    [['paid', 'open'], null],
    [['draft', 'void'], null],
    [[], null],
  ])('%j, newest first: %p', (statuses, since) => {
    expect(unpaidSince(invoices(...statuses))).toBe(since);
  });
});

describe('an invoice is unpaid', () => {
  it('from when it was due, finalized or made, whichever of these it has', () => {
    expect(unpaidSince([invoice({ due_date: 3 })])).toBe(3);
    expect(unpaidSince([invoice({})])).toBe(2);
    expect(unpaidSince([invoice({ status_transitions: { finalized_at: null } })])).toBe(1);
  });
});

describe('an answer', () => {
  const place = () => ({ at: new Date(0), seen: null });

  it('may say since when nothing has been paid', () => {
    const subscription = aSubscription({ status: 'past_due' });
    expect(toFetchedSubscription({ ...subscription, unpaid_since: 7 }, place)).toMatchObject({
      ok: true,
      value: { kind: 'fetched', unpaidSince: new Date(7000) },
    });
    expect(toFetchedSubscription(subscription, place)).toMatchObject({ value: { unpaidSince: null } });
  });

  it('that cannot be read is named by the field, our own addition included', () => {
    const subscription = aSubscription({ status: 'past_due' });
    expect(toFetchedSubscription({ ...subscription, unpaid_since: 'then' }, place)).toEqual({
      ok: false,
      path: 'unpaid_since',
    });
    expect(toFetchedSubscription({ ...subscription, customer: 7 }, place)).toEqual({ ok: false, path: 'customer' });
  });
});
