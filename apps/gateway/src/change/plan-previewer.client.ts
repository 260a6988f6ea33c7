import { LiveCatalogue } from '@billhook/catalogue';
import { Refused } from '@billhook/runtime';
import { Injectable } from '@nestjs/common';
import type Stripe from 'stripe';
import { DataSource } from 'typeorm';
import { priceOf } from '../checkout/plan-choice.js';
import type { PlanChoice } from '../checkout/plan-choice.js';
import { Deadline, requestMs } from '../deadline.js';
import { LiveSubscriptions, noSubscription } from '../manage/live-subscription.client.js';
import { periodEndOf } from '../manage/subscription-plans.js';
import type { Caller } from '../sign-in/caller.js';
import { StripePlans } from '../stripe-plans.client.js';
import { chargeOf, newPeriodEndOf, prorationDateOf } from './change-preview.js';
import type { ChangePreview } from './change-preview.js';
import { ChangePreviewStore } from './change-preview.store.js';
import { currentPlan, planChange } from './plan-change.js';

/** Says what a change of plan comes to, and remembers that it was said: only that can be confirmed. Changes nothing. */
@Injectable()
export class PlanPreviewer {
  constructor(
    private readonly dataSource: DataSource,
    private readonly plans: StripePlans,
    private readonly live: LiveSubscriptions,
    private readonly previews: ChangePreviewStore,
    private readonly catalogue: LiveCatalogue,
  ) {}

  /** Throws Refused no_subscription and what keeps a plan from being changed (`ChangeRefusal`); Retryable stripe_…. */
  async preview(caller: Caller, choice: PlanChoice): Promise<ChangePreview> {
    const deadline = new Deadline(requestMs, Date.now);
    const subscription = await this.live.find(this.dataSource, caller, deadline);
    if (subscription === null) throw noSubscription();
    const change = planChange(subscription, choice, this.catalogue.current());
    if (change.kind === 'refused') throw new Refused(change.code);
    if (change.kind === 'scheduled') throw new Refused('change_scheduled', 'this very change is scheduled already');
    const priceId = priceOf(this.catalogue.current(), choice);
    const wanted = { subscription, itemId: change.itemId, priceId };
    const isCharged = change.kind === 'now' && !change.isTrial;
    const [invoice, renewal] = await Promise.all([
      isCharged ? this.plans.previewNow(wanted, deadline) : null,
      this.plans.previewRenewal(wanted, deadline),
    ]);
    const now = Math.floor(Date.now() / 1000);
    const prorationDate = (invoice && prorationDateOf(invoice)) ?? now;
    await this.previews.remember({ userId: caller.userId, subscriptionId: subscription.id, priceId, prorationDate });
    return {
      choice,
      current: currentPlan(subscription, this.catalogue.current()),
      prorationDate,
      ...times(change.kind, subscription, invoice),
      ...chargeOf(invoice),
      currency: renewal.currency,
      renewalAmount: renewal.total,
    };
  }
}

function times(
  kind: 'now' | 'at_period_end',
  subscription: Stripe.Subscription,
  invoice: Stripe.Invoice | null,
): Pick<ChangePreview, 'takesEffect' | 'effectiveAt' | 'renewsAt'> {
  const periodEnd = periodEndOf(subscription);
  return kind === 'at_period_end'
    ? { takesEffect: 'period_end', effectiveAt: periodEnd, renewsAt: periodEnd }
    : { takesEffect: 'now', effectiveAt: null, renewsAt: (invoice && newPeriodEndOf(invoice)) ?? periodEnd };
}
