import { LiveCatalogue } from '@billhook/catalogue';
import { Refused, Retryable } from '@billhook/runtime';
import { Injectable } from '@nestjs/common';
import type Stripe from 'stripe';
import { AccountReader } from '../account/account-reader.store.js';
import type { AccountAnswer } from '../account/account-answer.js';
import type { PendingChange } from '../account/pending.js';
import { priceOf } from '../checkout/plan-choice.js';
import type { PlanChoice } from '../checkout/plan-choice.js';
import { Deadline, requestMs } from '../deadline.js';
import { ChangeRecorder } from '../manage/change-recorder.store.js';
import { LiveSubscriptions, noSubscription } from '../manage/live-subscription.client.js';
import { periodEndOf } from '../manage/subscription-plans.js';
import type { Caller } from '../sign-in/caller.js';
import { StripePlans } from '../stripe-plans.client.js';
import { UserLock } from '../user-lock.store.js';
import type { Section } from '../user-lock.store.js';
import { ChangePreviewStore } from './change-preview.store.js';
import { currentPlan, planChange } from './plan-change.js';
import type { PlanChange } from './plan-change.js';

/** What became of a confirmed change. */
export type ChangeOutcome = { kind: 'accepted'; account: AccountAnswer } | PaymentRequired;

/** The plan is as it was until the invoice at `url` is paid; after `until` Stripe drops the change. */
export interface PaymentRequired {
  kind: 'payment_required';
  url: string | null;
  until: Date;
}

interface Asker {
  caller: Caller;
  section: Section;
  subscription: Stripe.Subscription;
  choice: PlanChoice;
}

/** What Stripe is asked for. `attemptId` is null when nothing like it was shown to the customer lately. */
interface Wanted {
  subscription: Stripe.Subscription;
  choice: PlanChoice;
  priceId: string;
  prorationDate: number;
  attemptId: string | null;
}

type Asked = { kind: 'accepted'; pending: Pick<PendingChange, 'kind' | 'endsAt'> } | PaymentRequired;

/**
 * Changes the plan of a subscription that lives, at figures that were shown before: who confirms names their preview. Under
 * the user's lock Stripe is asked what is live, and each preview has one idempotency key: any number of clicks is one change.
 */
@Injectable()
export class PlanChanger {
  constructor(
    private readonly lock: UserLock,
    private readonly plans: StripePlans,
    private readonly live: LiveSubscriptions,
    private readonly previews: ChangePreviewStore,
    private readonly recorder: ChangeRecorder,
    private readonly accounts: AccountReader,
    private readonly catalogue: LiveCatalogue,
  ) {}

  /**
   * Throws Refused no_subscription, preview_expired, busy, and what keeps a plan from being changed (`ChangeRefusal`);
   * Retryable stripe_…, after which the same can be confirmed again and happens once.
   */
  change(caller: Caller, choice: PlanChoice, prorationDate: number): Promise<ChangeOutcome> {
    const deadline = new Deadline(requestMs, Date.now);
    return this.lock.hold(caller.userId, deadline, async (section) => {
      const subscription = await this.live.find(section, caller, deadline);
      if (subscription === null) throw noSubscription();
      const priceId = priceOf(this.catalogue.current(), choice);
      const key = { userId: caller.userId, subscriptionId: subscription.id, priceId, prorationDate };
      const attemptId = await this.previews.attemptOf(section.manager, key);
      const change = planChange(subscription, choice, this.catalogue.current());
      if (!isDone(change, attemptId)) {
        const asker = { caller, section, subscription, choice };
        const wanted = { subscription, choice, priceId, prorationDate, attemptId };
        const asked = await this.announced(asker, () => this.ask(change, wanted, deadline));
        if (asked.kind === 'payment_required') return asked;
      }
      return { kind: 'accepted', account: await this.accounts.answer(caller.userId) };
    });
  }

  private async ask(change: PlanChange, wanted: Wanted, deadline: Deadline): Promise<Asked> {
    const { subscription, choice, priceId, prorationDate, attemptId } = wanted;
    if (change.kind === 'refused') throw new Refused(change.code);
    if (attemptId === null || change.kind === 'scheduled') throw new Refused('preview_expired');
    if (change.kind === 'at_period_end') {
      const next = { priceId, billingCycle: choice.billingCycle };
      await this.plans.changeAtPeriodEnd(subscription, next, { attemptId, deadline });
      return { kind: 'accepted', pending: { kind: 'change_at_period_end', endsAt: periodEndOf(subscription) } };
    }
    if (prorationDate < periodStartOf(subscription) && !change.isTrial) throw new Refused('preview_expired');
    const updated = await this.plans.changeNow(
      { subscription, itemId: change.itemId, priceId, prorationDate: change.isTrial ? null : prorationDate },
      { attemptId, deadline },
    );
    return paymentRequiredBy(updated) ?? { kind: 'accepted', pending: { kind: 'change_now', endsAt: new Date() } };
  }

  /** Announces what came of it, and shows what Stripe has accepted until its event has come. */
  private async announced(asker: Asker, work: () => Promise<Asked>): Promise<Asked> {
    try {
      const asked = await work();
      await this.record(asker, asked.kind, asked.kind === 'accepted' ? asked.pending : null);
      return asked;
    } catch (error) {
      if (error instanceof Refused || error instanceof Retryable) await this.record(asker, error.code, null);
      throw error;
    }
  }

  private record(
    { caller, section, subscription, choice }: Asker,
    outcome: string,
    accepted: Pick<PendingChange, 'kind' | 'endsAt'> | null,
  ): Promise<void> {
    const from = currentPlan(subscription, this.catalogue.current());
    const data = {
      user_id: caller.userId,
      subscription_id: subscription.id,
      from: from && { tier: from.tier, billing_cycle: from.billingCycle },
      to: { tier: choice.tier, billing_cycle: choice.billingCycle },
      outcome,
    };
    const pending = accepted && {
      ...accepted,
      subscriptionId: subscription.id,
      plan: choice,
      requestedAt: new Date(),
    };
    return this.recorder.record(section, caller, { type: 'billing.change.requested', data }, pending ?? undefined);
  }
}

/** A second click, or another try after a lost answer: Stripe has what was asked for. */
function isDone(change: PlanChange, attemptId: string | null): boolean {
  if (change.kind === 'scheduled') return true;
  return attemptId !== null && change.kind === 'refused' && change.code === 'already_subscribed';
}

/** Figures from an earlier period are none of this one's, and Stripe would refuse their date. */
function periodStartOf({ items }: Stripe.Subscription): number {
  return items.data[0]?.current_period_start ?? 0;
}

function paymentRequiredBy({ pending_update, latest_invoice }: Stripe.Subscription): PaymentRequired | null {
  if (pending_update === null) return null;
  const url = typeof latest_invoice === 'object' ? (latest_invoice?.hosted_invoice_url ?? null) : null;
  return { kind: 'payment_required', url, until: new Date(pending_update.expires_at * 1000) };
}
