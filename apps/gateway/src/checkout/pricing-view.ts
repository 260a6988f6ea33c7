import { plansOf } from '@billhook/billing';
import type { Plan, PlanCatalogue, PlanPrice } from '@billhook/billing';
import type { Account, BillingCycle, Entitlements, Tier } from '@billhook/contracts';
import { yearlySaving } from '../pages/words.js';

export interface Offer {
  billingCycle: BillingCycle;
  amount: number;
  currency: string;
  isOnSale: boolean;
  /** What twelve months at the monthly price would cost more; 0 where there is nothing to save. */
  saving: number;
}

export interface PlanCard {
  tier: Tier;
  name: string;
  features: string[];
  /** Days that a first subscription is free; 0 for none. */
  trialDays: number;
  offers: Offer[];
  isCurrent: boolean;
  /** How the current plan is paid; null on every other card. */
  currentCycle: BillingCycle | null;
  /**
   * `buy` leads to Checkout; `change` to the preview of a change: a living subscription is not bought again. `settle` leads to the
   * profile, since Stripe changes nothing that is unpaid or paused. Free is begun by signing in, and gone back to by canceling.
   */
  action: 'buy' | 'change' | 'settle' | 'start' | 'leave' | 'none';
}

/** The cards of the pricing page; `account` is null for visitors. */
export function pricingView(catalogue: PlanCatalogue, account: Account | null): PlanCard[] {
  return plansOf(catalogue).map((plan) => ({
    tier: plan.tier,
    name: plan.name,
    features: features(plan.entitlements),
    trialDays: plan.trialDays,
    offers: offersOf(plan),
    isCurrent: account?.tier === plan.tier,
    currentCycle: cycleOn(plan.tier, account),
    action: plan.tier === 0 ? wayToFree(account) : wayToPlan(account),
  }));
}

function wayToFree(account: Account | null): 'start' | 'leave' | 'none' {
  if (account === null) return 'start';
  return account.tier === 0 ? 'none' : 'leave';
}

function wayToPlan(account: Account | null): 'buy' | 'change' | 'settle' {
  const subscription = account?.subscription ?? null;
  if (subscription === null || subscription.is_canceled) return 'buy';
  return subscription.is_active && subscription.status !== 'past_due' ? 'change' : 'settle';
}

function cycleOn(tier: Tier, account: Account | null): BillingCycle | null {
  const subscription = account?.subscription ?? null;
  return subscription?.is_canceled === false && subscription.tier === tier ? subscription.billing_cycle : null;
}

/** The prices of a plan, each with what it saves over paying monthly. */
export function offersOf(plan: Plan): Offer[] {
  const monthly = plan.prices.find((price) => price.billingCycle === 'monthly');
  return plan.prices.map((price) => ({
    billingCycle: price.billingCycle,
    amount: price.amount,
    currency: price.currency,
    isOnSale: price.isOnSale,
    saving: savingOver(monthly, price),
  }));
}

function savingOver(monthly: PlanPrice | undefined, price: PlanPrice): number {
  return price.billingCycle === 'yearly' && monthly ? yearlySaving(monthly.amount, price.amount) : 0;
}

function features(allowed: Entitlements): string[] {
  const seconds = allowed.refresh_interval_seconds;
  return [
    seconds === 1 ? 'Data refreshed every second' : `Data refreshed every ${seconds} seconds`,
    `${allowed.alerts_limit} price alerts`,
    ...(allowed.email_alerts ? ['Alerts by e-mail'] : []),
    ...(allowed.sms_alerts ? ['Alerts by SMS'] : []),
    ...(allowed.export_formats.length > 0
      ? [`Export as ${allowed.export_formats.map((format) => format.toUpperCase()).join(' and ')}`]
      : []),
  ];
}
