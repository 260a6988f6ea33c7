import { aPrice, aSubscription, aSubscriptionItem, started } from '@billhook/testing';
import { describe, expect, it, test } from '@jest/globals';
import type Stripe from 'stripe';
import { decide } from './decide.js';
import { differencesFrom } from './drift.js';
import { planCatalogue } from './plan-catalogue.js';
import type { SubscriptionRow } from './subscription-row.js';
import { toSubscriptionSnapshot } from './subscription-snapshot.js';
import type { SubscriptionSnapshot } from './subscription-snapshot.js';

const catalogue = planCatalogue({
  pro: { monthly: ['price_pro_monthly'], yearly: ['price_pro_yearly'] },
  elite: { monthly: ['price_elite_monthly'], yearly: ['price_elite_yearly'] },
});

function snapshotOf(overrides: Partial<Stripe.Subscription> = {}): SubscriptionSnapshot {
  const reading = toSubscriptionSnapshot(aSubscription(overrides));
  if (!reading.ok) throw new Error(`the builder made an unreadable subscription: ${reading.path}`);
  return reading.value;
}

function rowOf(snapshot: SubscriptionSnapshot): SubscriptionRow {
  const event = {
    kind: 'fetched',
    type: 'fetched',
    at: new Date(started * 1000),
    snapshot,
    seen: null,
    unpaidSince: null,
  } as const;
  const decision = decide(null, event, { userId: 'user_1', catalogue });
  if (decision.kind !== 'applied') throw new Error('a first snapshot is applied');
  return decision.row;
}

const elite = aSubscription().items;
const onElite = { ...elite, data: [aSubscriptionItem({ price: aPrice({ id: 'price_elite_monthly' }) })] };

describe('drift', () => {
  it('is none where the row is what Stripe says, whatever the row remembers besides', () => {
    const snapshot = snapshotOf({ status: 'past_due' });
    const row = { ...rowOf(snapshot), pastDue: { since: new Date(0), isExact: true } };
    expect(differencesFrom(snapshot, row, catalogue)).toEqual([]);
  });

  test.each<[Partial<Stripe.Subscription>, object[]]>([
    [
      { status: 'canceled', ended_at: started },
      [
        { field: 'status', ours: 'active', stripe: 'canceled' },
        { field: 'ended_at', ours: null, stripe: '2026-11-01T00:00:00.000Z' },
      ],
    ],
    [{ cancel_at_period_end: true }, [{ field: 'cancel_at_period_end', ours: false, stripe: true }]],
    [
      { items: onElite },
      [
        { field: 'price_id', ours: 'price_pro_monthly', stripe: 'price_elite_monthly' },
        { field: 'tier', ours: 1, stripe: 2 },
      ],
    ],
    [
      { pause_collection: { behavior: 'void', resumes_at: started } },
      [
        { field: 'collection_behavior', ours: null, stripe: 'void' },
        { field: 'collection_resumes_at', ours: null, stripe: '2026-11-01T00:00:00.000Z' },
      ],
    ],
    [{ latest_invoice: 'in_another' }, []],
  ])('of a row that missed %j is told field by field', (overrides, differences) => {
    expect(differencesFrom(snapshotOf(overrides), rowOf(snapshotOf()), catalogue)).toEqual(differences);
  });

  it('of a subscription that is missing here is all that Stripe says of it', () => {
    const differences = differencesFrom(snapshotOf(), null, catalogue);
    expect(differences).toContainEqual({ field: 'status', ours: null, stripe: 'active' });
    expect(differences.every(({ ours, stripe }) => ours === null && stripe !== null)).toBe(true);
  });

  it('is a plan that the catalogue has learned since', () => {
    const yesterday = planCatalogue({
      pro: { monthly: ['price_other'], yearly: ['price_pro_yearly'] },
      elite: { monthly: ['price_elite_monthly'], yearly: ['price_elite_yearly'] },
    });
    const row = { ...rowOf(snapshotOf()), tier: null, billingCycle: null };
    expect(differencesFrom(snapshotOf(), row, yesterday)).toEqual([]);
    expect(differencesFrom(snapshotOf(), row, catalogue).map(({ field }) => field)).toEqual(['tier', 'billing_cycle']);
  });
});
