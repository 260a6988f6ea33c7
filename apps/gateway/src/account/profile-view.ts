import { planForPrice, planOf } from '@billhook/billing';
import type { PlanCatalogue } from '@billhook/billing';
import type { ActionRequired, BillingCycle, SubscriptionView, Tier } from '@billhook/contracts';
import type { AccountAnswer } from './account-answer.js';
import { accountKey } from './account-frame.js';
import type { OtherSubscription, ShownDetails } from './billing-details.js';
import { remedyFor } from './remedy.js';
import type { Remedy } from './remedy.js';

/** What happens next with a subscription, as a person would ask it. */
export type Outlook =
  | { kind: 'free' }
  | { kind: 'renews'; on: string | null }
  /** Free until then, and paid from then on. */
  | { kind: 'trial'; until: string }
  | { kind: 'ends'; on: string | null }
  | { kind: 'ending_now' }
  /** Another plan is to come, or is coming this moment; `on` is null for the latter. */
  | { kind: 'changes'; toName: string; toPrice: Price | null; on: string | null }
  /** The last payment failed and the plan is kept for a while. */
  | { kind: 'past_due' }
  /** There is a subscription at Stripe, but it grants nothing: unpaid, paused, incomplete. */
  | { kind: 'inactive'; status: string; ofName: string | null };

export interface Price {
  amount: number;
  currency: string;
  billingCycle: BillingCycle;
}

/** What is paid for beside the plan; both are null where only Stripe knows what it is. */
export interface PaidBeside {
  name: string | null;
  price: Price | null;
}

export interface ProfileView {
  planName: string;
  tier: 0 | 1 | 2;
  price: Price | null;
  outlook: Outlook;
  /** What only the customer can do before a payment goes through. */
  actionRequired: ActionRequired | null;
  /** What the plan needs first; null where nothing is wrong with it. */
  remedy: Remedy | null;
  paidBeside: PaidBeside[];
  /** Null while Stripe does not answer. */
  details: ShownDetails | null;
  /** Which state of the account this is, for the page's script, and until when a pending change is shown. */
  key: string;
  pendingUntil: string | null;
  /** Not confirmed by Stripe's event yet. */
  isPending: boolean;
  /** At the period's end; or now, where there is no paid time to keep. */
  canCancel: false | 'at_period_end' | 'now';
  /** What there is to take back: an end, a plan that is to come, or a pause. */
  canResume: false | 'end' | 'change' | 'pause';
  canChange: boolean;
  canManage: boolean;
}

export function profileView(
  account: AccountAnswer,
  catalogue: PlanCatalogue,
  details: ShownDetails | null,
): ProfileView {
  const plan = planOf(catalogue, account.tier);
  const outlook = outlookOf(account, catalogue);
  const { action_required: actionRequired, subscription } = account;
  const remedy = remedyFor({ outlook, actionRequired, subscriptionId: subscription?.id ?? null }, details);
  return {
    planName: plan.name,
    tier: account.tier,
    price: priceOf(account, catalogue, details),
    outlook,
    actionRequired,
    remedy,
    paidBeside: (details?.beside ?? []).map((other) => toPaidBeside(other, catalogue)),
    details,
    key: accountKey(account),
    pendingUntil: account.pending?.expires_at ?? null,
    isPending: account.pending !== null,
    canCancel: canceledWhen(outlook),
    canResume: takenBackBy(outlook, remedy),
    canChange: outlook.kind === 'renews' || outlook.kind === 'trial',
    canManage: account.subscription !== null,
  };
}

/** What is on sale today need not be what somebody pays who came earlier: then Stripe's word counts, or nothing is said. */
function priceOf(
  { tier, subscription }: AccountAnswer,
  catalogue: PlanCatalogue,
  details: ShownDetails | null,
): Price | null {
  if (subscription === null || subscription.is_canceled || subscription.billing_cycle === null) return null;
  const { billing_cycle: billingCycle, price_id: priceId } = subscription;
  const plan = planOf(catalogue, subscription.tier ?? tier);
  const offer = plan.prices.find((each) => each.billingCycle === billingCycle && each.priceIds[0] === priceId);
  const price = details?.price ?? offer;
  return price === undefined ? null : { amount: price.amount, currency: price.currency, billingCycle };
}

function toPaidBeside({ priceId, price }: OtherSubscription, catalogue: PlanCatalogue): PaidBeside {
  const plan = priceId === null ? null : planForPrice(catalogue, priceId);
  if (plan?.kind !== 'known') return { name: null, price: null };
  const { tier, billingCycle } = plan;
  const name = nameOf({ tier, billing_cycle: billingCycle }, catalogue);
  return { name, price: price === null || billingCycle === null ? null : { ...price, billingCycle } };
}

function canceledWhen({ kind }: Outlook): ProfileView['canCancel'] {
  if (kind === 'inactive') return 'now';
  return ['renews', 'trial', 'past_due', 'changes'].includes(kind) && 'at_period_end';
}

function takenBackBy(outlook: Outlook, remedy: Remedy | null): ProfileView['canResume'] {
  if (outlook.kind === 'ends') return 'end';
  if (outlook.kind === 'inactive') return outlook.status === 'paused' && remedy === null && 'pause';
  return outlook.kind === 'changes' && outlook.on !== null && 'change';
}

function outlookOf({ tier, subscription, pending }: AccountAnswer, catalogue: PlanCatalogue): Outlook {
  if (subscription === null || subscription.is_canceled) return { kind: 'free' };
  if (pending === null) return confirmedOutlook(tier, subscription, catalogue);
  const changes = (on: string | null): Outlook => {
    const plan = { tier: pending.tier ?? tier, billing_cycle: pending.billing_cycle };
    return { kind: 'changes', ...nextPlan(plan, catalogue), on };
  };
  switch (pending.change) {
    case 'cancel_now':
      return { kind: 'ending_now' };
    case 'cancel_at_period_end':
      return { kind: 'ends', on: pending.ends_at ?? subscription.current_period_end };
    case 'resume':
      return { kind: 'renews', on: subscription.current_period_end };
    case 'change_now':
      return changes(null);
    case 'change_at_period_end':
      return changes(pending.ends_at ?? subscription.current_period_end);
    default:
      return pending.change satisfies never;
  }
}

function confirmedOutlook(tier: number, subscription: SubscriptionView, catalogue: PlanCatalogue): Outlook {
  if (!subscription.is_active || tier === 0) {
    const { status, tier: ofTier, billing_cycle } = subscription;
    return {
      kind: 'inactive',
      status,
      ofName: ofTier === null ? null : nameOf({ tier: ofTier, billing_cycle }, catalogue),
    };
  }
  if (!subscription.will_renew) {
    return { kind: 'ends', on: subscription.cancel_at ?? subscription.current_period_end };
  }
  if (subscription.status === 'past_due') return { kind: 'past_due' };
  const { scheduled_change: planned } = subscription;
  if (planned !== null) return { kind: 'changes', ...nextPlan(planned, catalogue), on: planned.at };
  if (subscription.status === 'trialing' && subscription.trial_end !== null) {
    return { kind: 'trial', until: subscription.trial_end };
  }
  return { kind: 'renews', on: subscription.current_period_end };
}

type PlanChosen = { tier: Tier; billing_cycle: BillingCycle | null };

/** What is to come, and what it costs today: Stripe charges what its price says then. */
function nextPlan(plan: PlanChosen, catalogue: PlanCatalogue): { toName: string; toPrice: Price | null } {
  const offer = planOf(catalogue, plan.tier).prices.find((each) => each.billingCycle === plan.billing_cycle);
  const toPrice = offer ? { amount: offer.amount, currency: offer.currency, billingCycle: offer.billingCycle } : null;
  return { toName: nameOf(plan, catalogue), toPrice };
}

/** `Elite yearly`. */
function nameOf(plan: PlanChosen, catalogue: PlanCatalogue): string {
  const { name } = planOf(catalogue, plan.tier);
  return plan.billing_cycle === null ? name : `${name} ${plan.billing_cycle}`;
}
