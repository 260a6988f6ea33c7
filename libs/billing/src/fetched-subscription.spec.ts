import { aSubscription } from '@billhook/testing';
import { describe, expect, it } from '@jest/globals';
import { toFetchedSubscription, unpaidSince } from './fetched-subscription.js';

/** Newest first, as Stripe lists them, a second apart. */
function invoices(...statuses: string[]): { status: string; created: number }[] {
  return statuses.map((status, index) => ({ status, created: 100 - index }));
}

describe('since when nothing has been paid', () => {
  it.each([
    [['open'], 100],
    [['open', 'open', 'paid'], 99],
    [['open', 'paid', 'open'], 100],
    [['draft', 'open', 'void', 'paid'], 99],
    [['open', 'uncollectible', 'open', 'paid'], 98],
    [['paid', 'open'], null],
    [['draft', 'void'], null],
    [[], null],
  ])('%j, newest first: %p', (statuses, since) => {
    expect(unpaidSince(invoices(...statuses))).toBe(since);
  });
});

describe('an answer', () => {
  const place = () => ({ at: new Date(0), seen: null });

  it('that cannot be read is named by the field, its own addition included', () => {
    const subscription = aSubscription({ status: 'past_due' });
    expect(toFetchedSubscription({ ...subscription, unpaid_since: 7 }, place)).toMatchObject({
      ok: true,
      value: { kind: 'fetched', unpaidSince: new Date(7000) },
    });
    expect(toFetchedSubscription(subscription, place)).toMatchObject({ value: { unpaidSince: null } });
    expect(toFetchedSubscription({ ...subscription, unpaid_since: 'then' }, place)).toEqual({
      ok: false,
      path: 'unpaid_since',
    });
    expect(toFetchedSubscription({ ...subscription, customer: 7 }, place)).toEqual({ ok: false, path: 'customer' });
  });
});
