import type { BillingCycle } from '@billhook/contracts';
import { Injectable } from '@nestjs/common';
import Stripe from 'stripe';
import type { Deadline } from './deadline.js';
import { changeAtPeriodEnd, endAtPeriodEnd } from './manage/schedule-phases.js';
import { scheduleOf } from './manage/subscription-plans.js';
import { callAboutPrice, callStripe } from './stripe-call.client.js';

/** The first item of a subscription is to have another price. */
export interface PriceChange {
  subscription: Stripe.Subscription;
  itemId: string;
  priceId: string;
}

/** The id of the attempt makes Stripe's idempotency keys: however often one is asked for, it happens once. */
export interface Attempt {
  attemptId: string;
  deadline: Deadline;
}

/** Another plan for a subscription that lives: previews, changes at once, and schedules. Throws as StripeBilling does, and Refused price_gone. */
@Injectable()
export class StripePlans {
  constructor(private readonly stripe: Stripe) {}

  /** The invoice that changing now would make; nothing is stored at Stripe. */
  previewNow(change: PriceChange, deadline: Deadline): Promise<Stripe.Invoice> {
    return this.preview(change, { subscription_details: detailsOf(change, 'always_invoice') }, deadline);
  }

  /** What the subscription is billed each period once it has the new price. */
  previewRenewal(change: PriceChange, deadline: Deadline): Promise<Stripe.Invoice> {
    const params = { preview_mode: 'recurring', subscription_details: detailsOf(change, 'none') } as const;
    return this.preview(change, params, deadline);
  }

  /**
   * Changes the price now. While what that costs is not paid nothing changes at all, and the answer has a `pending_update`
   * (Stripe docs, Pending updates). Without a date nothing is prorated. The answer holds its invoice whole.
   */
  async changeNow(
    { subscription, itemId, priceId, prorationDate }: PriceChange & { prorationDate: number | null },
    { attemptId, deadline }: Attempt,
  ): Promise<Stripe.Subscription> {
    const schedule = scheduleOf(subscription);
    // One that plans nothing is what a first try at a later change may have left behind.
    if (schedule !== null) await this.release(schedule.id, false, deadline);
    const params: Stripe.SubscriptionUpdateParams = {
      items: [{ id: itemId, price: priceId }],
      payment_behavior: 'pending_if_incomplete',
      ...(prorationDate === null
        ? { proration_behavior: 'none' }
        : { proration_behavior: 'always_invoice', proration_date: prorationDate }),
      expand: ['latest_invoice'],
    };
    const key = `billhook-change-${attemptId}`;
    return callAboutPrice(deadline, (options) =>
      this.stripe.subscriptions.update(subscription.id, params, { ...options, idempotencyKey: key }),
    );
  }

  /** Two steps, of which the first by itself changes nothing: a schedule of one phase, which is the period that runs. */
  async changeAtPeriodEnd(
    subscription: Stripe.Subscription,
    next: { priceId: string; billingCycle: BillingCycle },
    { attemptId, deadline }: Attempt,
  ): Promise<void> {
    const key = `billhook-schedule-${attemptId}`;
    const schedule =
      scheduleOf(subscription) ??
      (await callStripe(deadline, (options) =>
        this.stripe.subscriptionSchedules.create(
          { from_subscription: subscription.id },
          { ...options, idempotencyKey: key },
        ),
      ));
    await this.updateSchedule(schedule.id, changeAtPeriodEnd(schedule, next), deadline);
  }

  /** Two steps, after either of which the subscription ends with the period that runs. */
  async endBySchedule(schedule: Stripe.SubscriptionSchedule, deadline: Deadline): Promise<void> {
    await this.updateSchedule(schedule.id, endAtPeriodEnd(schedule), deadline);
    await this.release(schedule.id, true, deadline);
  }

  /** The subscription goes on by itself, as it is. `keepsEnd` keeps the end that the schedule would have brought. */
  async release(scheduleId: string, keepsEnd: boolean, deadline: Deadline): Promise<void> {
    await callStripe(deadline, (options) =>
      this.stripe.subscriptionSchedules.release(scheduleId, { preserve_cancel_date: keepsEnd }, options),
    );
  }

  private async updateSchedule(
    scheduleId: string,
    params: Stripe.SubscriptionScheduleUpdateParams,
    deadline: Deadline,
  ): Promise<void> {
    await callAboutPrice(deadline, (options) => this.stripe.subscriptionSchedules.update(scheduleId, params, options));
  }

  private preview(
    { subscription }: PriceChange,
    params: Stripe.InvoiceCreatePreviewParams,
    deadline: Deadline,
  ): Promise<Stripe.Invoice> {
    return callAboutPrice(deadline, (options) =>
      this.stripe.invoices.createPreview({ subscription: subscription.id, ...params }, options),
    );
  }
}

function detailsOf(
  { itemId, priceId }: PriceChange,
  proration: 'always_invoice' | 'none',
): Stripe.InvoiceCreatePreviewParams.SubscriptionDetails {
  return { items: [{ id: itemId, price: priceId }], proration_behavior: proration };
}
