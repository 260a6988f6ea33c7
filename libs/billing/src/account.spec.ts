import { accountSchema, parseDomainEvent } from '@billhook/contracts';
import type { Account } from '@billhook/contracts';
import { describe, expect, it } from '@jest/globals';
import { accountFor, openAccount, reconsiderAccount, shownSubscription, unopenedAccount } from './account.js';
import { noEvidence } from './evidence.js';
import { defaultGraceDays } from './grace.js';
import { aRow, catalogue, day } from './rows.spec-support.js';
import { toView } from './subscription-row.js';
import type { SubscriptionRow } from './subscription-row.js';

const circumstances = {
  catalogue,
  graceDays: defaultGraceDays,
  evidence: noEvidence,
  now: day(5),
  at: day(4),
  asOf: day(4),
};

function reconsider(current: Account, subscriptions: SubscriptionRow[]) {
  return reconsiderAccount(current, subscriptions, circumstances);
}

describe('an account', () => {
  it('that nobody opened is Free, version 0, and fits the contract', () => {
    const account = unopenedAccount('user_1', catalogue, day(0));
    expect(account).toMatchObject({ tier: 0, tier_name: 'free', version: 0, subscription: null });
    expect(accountSchema.parse(account)).toEqual(account);
  });

  it('is announced once when it is opened', () => {
    const opened = openAccount(unopenedAccount('user_1', catalogue, day(0)));
    expect(opened).toMatchObject({
      account: { version: 1 },
      domainEvents: [{ type: 'billing.account.changed', data: { version: 1 } }],
    });
    expect(openAccount(opened.account)).toEqual({ account: opened.account, domainEvents: [] });
  });

  it('that gains a subscription grows by one version and tells the tier and itself', () => {
    const before = unopenedAccount('user_1', catalogue, day(0));
    const { account, domainEvents } = reconsider(before, [aRow()]);
    expect(account).toMatchObject({ tier: 1, tier_name: 'pro', version: 1, as_of: day(4).toISOString() });
    expect(account.entitlements.alerts_limit).toBe(50);
    expect(domainEvents.map((event) => event.type)).toEqual(['billing.tier.changed', 'billing.account.changed']);
    for (const event of domainEvents) {
      expect(parseDomainEvent(event.type, JSON.stringify(event.data))).toEqual({ ok: true, data: event.data });
    }
  });

  it('that changes without a change of tier tells itself alone', () => {
    const { account } = reconsider(unopenedAccount('user_1', catalogue, day(0)), [aRow()]);
    const after = reconsider(account, [aRow({ cancelAtPeriodEnd: true })]);
    expect(after.account).toMatchObject({
      version: 2,
      subscription: { cancel_at_period_end: true, will_renew: false },
    });
    expect(after.domainEvents.map((event) => event.type)).toEqual(['billing.account.changed']);
  });

  it('that reads as before does not change, though its keys come in another order out of the database', () => {
    const { account } = reconsider(unopenedAccount('user_1', catalogue, day(0)), [aRow()]);
    const subscription = Object.fromEntries(Object.entries(account.subscription ?? {}).toReversed());
    const stored = accountSchema.parse({ ...account, subscription });
    expect(reconsider(stored, [aRow()])).toEqual({ account: stored, domainEvents: [] });
  });
});

describe('the subscription that is shown', () => {
  const active = aRow({ subscriptionId: 'sub_active', tier: 1 });
  const ended = aRow({ subscriptionId: 'sub_ended', tier: 2, status: 'canceled', createdAt: day(9) });
  const unfinished = aRow({ subscriptionId: 'sub_unfinished', tier: 2, status: 'incomplete', createdAt: day(9) });

  it('is the one that grants, not a better one that ended or never began', () => {
    expect(shownSubscription([ended, active, unfinished])?.subscriptionId).toBe('sub_active');
  });

  it('is the last one that ended when none runs', () => {
    const older = aRow({ subscriptionId: 'sub_older', tier: 2, status: 'canceled', createdAt: day(1) });
    expect(shownSubscription([older, ended])?.subscriptionId).toBe('sub_ended');
  });

  it('does not depend on the order of the rows', () => {
    const twin = aRow({ subscriptionId: 'sub_twin', tier: 1 });
    expect(shownSubscription([active, twin])).toBe(shownSubscription([twin, active]));
  });
});

describe('the view of a subscription', () => {
  it('says when a cancellation takes effect, whichever field scheduled it', () => {
    const byFlag = toView(aRow({ cancelAtPeriodEnd: true }));
    const byTime = toView(aRow({ cancelAt: day(30) }));
    const scheduled = {
      cancel_at_period_end: true,
      cancel_at: day(30).toISOString(),
      is_canceled: false,
      will_renew: false,
    };
    expect(byFlag).toMatchObject(scheduled);
    expect(byTime).toMatchObject(scheduled);
  });

  it('of a cancellation in mid-period is not one at its end', () => {
    expect(toView(aRow({ cancelAt: day(20) }))).toMatchObject({ cancel_at_period_end: false, will_renew: false });
  });

  it('of an ended one is canceled and not active', () => {
    expect(toView(aRow({ status: 'canceled' }))).toMatchObject({
      is_active: false,
      is_canceled: true,
      will_renew: false,
    });
  });

  it('keeps an unknown price visible', () => {
    const rows = [aRow({ priceId: 'price_legacy', tier: null, billingCycle: null })];
    const of = { userId: 'user_1', subscriptions: rows, evidence: noEvidence, tier: 1, catalogue } as const;
    const account = accountFor({ ...of, version: 1, now: day(1), asOf: day(1) });
    expect(account.subscription).toMatchObject({ price_id: 'price_legacy', tier: null, billing_cycle: null });
  });
});
