import { describe, expect, it, test } from '@jest/globals';
import { planCatalogue } from '@billhook/billing';
import { aSubscription, aSubscriptionItem, aSubscriptionSchedule } from '@billhook/testing';
import type Stripe from 'stripe';
import type { PlanChoice } from '../checkout/plan-choice.js';
import { currentPlan, planChange } from './plan-change.js';

const catalogue = planCatalogue({
  pro: { monthly: ['price_pro_monthly', 'price_pro_old'], yearly: ['price_pro_yearly'] },
  elite: { monthly: ['price_elite_monthly'], yearly: ['price_elite_yearly'] },
});

type PlanName = 'pro_monthly' | 'pro_yearly' | 'elite_monthly' | 'elite_yearly';
const plans: Record<PlanName, PlanChoice> = {
  pro_monthly: { tier: 1, billingCycle: 'monthly' },
  pro_yearly: { tier: 1, billingCycle: 'yearly' },
  elite_monthly: { tier: 2, billingCycle: 'monthly' },
  elite_yearly: { tier: 2, billingCycle: 'yearly' },
};

function on(priceId: string, changes: Partial<Stripe.Subscription> = {}): Stripe.Subscription {
  const item = aSubscriptionItem();
  const priced = { ...item, price: { ...item.price, id: priceId } };
  const subscription = aSubscription({ cancel_at: null, cancel_at_period_end: false });
  return { ...subscription, items: { ...subscription.items, data: [priced] }, ...changes };
}

function scheduled(next: string | null, endBehavior: 'release' | 'cancel' = 'release'): Partial<Stripe.Subscription> {
  const prices = ['price_elite_yearly', ...(next === null ? [] : [next])];
  return { schedule: aSubscriptionSchedule(prices, { end_behavior: endBehavior }) };
}

describe('a change of plan', () => {
  test.each<[PlanName, PlanName, 'now' | 'at_period_end']>([
    ['pro_monthly', 'elite_monthly', 'now'],
    ['pro_monthly', 'elite_yearly', 'now'],
    ['pro_yearly', 'elite_monthly', 'now'],
    ['pro_yearly', 'elite_yearly', 'now'],
    ['pro_monthly', 'pro_yearly', 'now'],
    ['elite_monthly', 'elite_yearly', 'now'],
    ['elite_monthly', 'pro_monthly', 'at_period_end'],
    ['elite_monthly', 'pro_yearly', 'at_period_end'],
    ['elite_yearly', 'pro_yearly', 'at_period_end'],
    ['pro_yearly', 'pro_monthly', 'at_period_end'],
    ['elite_yearly', 'elite_monthly', 'at_period_end'],
  ])('from %s to %s happens %s', (from, to, kind) => {
    expect(planChange(on(`price_${from}`), plans[to], catalogue).kind).toBe(kind);
  });

  it('happens at once in a trial, which has paid for nothing yet', () => {
    const trial = on('price_elite_monthly', { status: 'trialing' });
    expect(planChange(trial, plans.pro_monthly, catalogue)).toMatchObject({ kind: 'now', isTrial: true });
  });

  it('away from a price that is in no catalogue happens at once', () => {
    expect(planChange(on('price_unheard_of'), plans.pro_monthly, catalogue).kind).toBe('now');
    expect(currentPlan(on('price_unheard_of'), catalogue)).toBeNull();
  });

  test.each<[string, Partial<Stripe.Subscription>, string]>([
    ['is past due', { status: 'past_due' }, 'payment_overdue'],
    ['is unpaid', { status: 'unpaid' }, 'payment_overdue'],
    ['is paused', { status: 'paused' }, 'subscription_paused'],
    ['has its collection paused', { pause_collection: { behavior: 'void', resumes_at: null } }, 'subscription_paused'],
    ['was never paid for', { status: 'incomplete' }, 'subscription_incomplete'],
    ['is cancelled for the period’s end', { cancel_at_period_end: true }, 'subscription_ending'],
    ['ends by date', { cancel_at: 1_800_000_000 }, 'subscription_ending'],
    ['is ended by its schedule', scheduled(null, 'cancel'), 'subscription_ending'],
    ['has another change scheduled', scheduled('price_pro_yearly'), 'change_scheduled'],
  ])('is refused where the subscription %s', (_, changes, code) => {
    const wanted = plans.elite_monthly;
    expect(planChange(on('price_pro_monthly', changes), wanted, catalogue)).toEqual({ kind: 'refused', code });
  });

  test.each(['price_pro_monthly', 'price_pro_old'])('to what %s already is, is refused', (priceId) => {
    const same = planChange(on(priceId), plans.pro_monthly, catalogue);
    expect(same).toEqual({ kind: 'refused', code: 'already_subscribed' });
  });

  it('is known to be scheduled already', () => {
    const subscription = on('price_elite_yearly', scheduled('price_pro_yearly'));
    expect(planChange(subscription, plans.pro_yearly, catalogue)).toEqual({ kind: 'scheduled' });
  });

  it('goes ahead beside a schedule that plans nothing', () => {
    const subscription = on('price_elite_yearly', scheduled(null));
    expect(planChange(subscription, plans.pro_yearly, catalogue).kind).toBe('at_period_end');
  });

  it('is for Stripe to decide in a status that nobody here knows', () => {
    const strange = on('price_pro_monthly', { status: 'hibernating' });
    expect(planChange(strange, plans.elite_monthly, catalogue).kind).toBe('now');
  });

  it('is not decided without knowing what the schedule plans', () => {
    const unread = on('price_pro_monthly', { schedule: 'sub_sched_1' });
    expect(() => planChange(unread, plans.elite_monthly, catalogue)).toThrow('without its schedule');
  });
});
