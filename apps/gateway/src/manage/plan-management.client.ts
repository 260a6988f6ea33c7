import type { DomainEvent } from '@billhook/contracts';
import { Refused, Retryable } from '@billhook/runtime';
import { Injectable } from '@nestjs/common';
import type Stripe from 'stripe';
import { AccountReader } from '../account/account-reader.store.js';
import type { AccountAnswer } from '../account/account-answer.js';
import type { PendingChange } from '../account/pending.js';
import { Deadline, requestMs } from '../deadline.js';
import type { Caller } from '../sign-in/caller.js';
import { StripeBilling } from '../stripe-billing.client.js';
import { StripePlans } from '../stripe-plans.client.js';
import { UserLock } from '../user-lock.store.js';
import type { Section } from '../user-lock.store.js';
import { ChangeRecorder } from './change-recorder.store.js';
import { LiveSubscriptions, noSubscription } from './live-subscription.client.js';
import { cancellationOf, resumptionOf } from './subscription-change.js';
import type { SubscriptionChange } from './subscription-change.js';

/** What is asked for, and how it is announced. */
interface Wish {
  decide: (subscription: Stripe.Subscription) => SubscriptionChange;
  toEvent: (subscriptionId: string, outcome: string) => DomainEvent;
  /** Whether nothing is left to do although there is no subscription any more. */
  isDone: (account: AccountAnswer) => boolean;
}

/** Ends a subscription, and takes an end or a planned change back. Stripe's answer is shown as pending until its event has come. */
@Injectable()
export class PlanManagement {
  constructor(
    private readonly lock: UserLock,
    private readonly stripe: StripeBilling,
    private readonly plans: StripePlans,
    private readonly live: LiveSubscriptions,
    private readonly recorder: ChangeRecorder,
    private readonly accounts: AccountReader,
  ) {}

  /** At the period's end, or at once without a refund. Throws Refused no_subscription, busy; Retryable stripe_…. */
  cancel(caller: Caller, isImmediate: boolean): Promise<AccountAnswer> {
    return this.carryOutFor(caller, {
      decide: (subscription) => cancellationOf(subscription, isImmediate),
      toEvent: (subscriptionId, outcome) => ({
        type: 'billing.cancellation.requested',
        data: { user_id: caller.userId, subscription_id: subscriptionId, immediate: isImmediate, outcome },
      }),
      // The second click of two finds nothing to cancel any more.
      isDone: ({ pending }) => isImmediate && pending?.change === 'cancel_now',
    });
  }

  /** Takes a scheduled cancellation or a scheduled change of plan back, or ends a pause. Throws as `cancel` does. */
  resume(caller: Caller): Promise<AccountAnswer> {
    return this.carryOutFor(caller, {
      decide: resumptionOf,
      toEvent: (subscriptionId, outcome) => ({
        type: 'billing.resumption.requested',
        data: { user_id: caller.userId, subscription_id: subscriptionId, outcome },
      }),
      isDone: () => false,
    });
  }

  private carryOutFor(caller: Caller, wish: Wish): Promise<AccountAnswer> {
    const deadline = new Deadline(requestMs, Date.now);
    return this.lock.hold(caller.userId, deadline, async (section) => {
      const subscription = await this.live.find(section, caller, deadline);
      if (subscription === null) return this.answerWithout(caller, wish);
      await this.carryOutOn(subscription, wish, { caller, section, deadline });
      return this.accounts.answer(caller.userId);
    });
  }

  private async answerWithout(caller: Caller, wish: Wish): Promise<AccountAnswer> {
    const account = await this.accounts.answer(caller.userId);
    if (wish.isDone(account)) return account;
    throw noSubscription();
  }

  private async carryOutOn(
    subscription: Stripe.Subscription,
    wish: Wish,
    { caller, section, deadline }: { caller: Caller; section: Section; deadline: Deadline },
  ): Promise<void> {
    const announce = (outcome: string, pending?: PendingChange): Promise<void> =>
      this.recorder.record(section, caller, wish.toEvent(subscription.id, outcome), pending);
    try {
      const { outcome, pending } = await this.ask(wish.decide(subscription), subscription.id, deadline);
      await announce(outcome, pending && { ...pending, subscriptionId: subscription.id, plan: null });
    } catch (error) {
      if (error instanceof Refused || error instanceof Retryable) await announce(error.code);
      throw error;
    }
  }

  private async ask(change: SubscriptionChange, subscriptionId: string, deadline: Deadline): Promise<Asked> {
    switch (change.kind) {
      case 'nothing':
        return { outcome: change.reason };
      case 'update':
        await this.stripe.update(subscriptionId, change.params, deadline);
        return accepted(change.pending);
      case 'end_by_schedule':
        await this.plans.endBySchedule(change.schedule, deadline);
        return accepted(change.pending);
      case 'release_schedule':
        await this.plans.release(change.scheduleId, false, deadline);
        return accepted(change.pending);
      case 'cancel_now':
        await this.stripe.cancelNow(subscriptionId, deadline);
        return accepted({ kind: 'cancel_now', endsAt: new Date() });
      case 'unpause':
        // Nothing is shown as pending: whether the plan is back depends on a payment that Stripe has only just asked for.
        await this.stripe.resume(subscriptionId, deadline);
        return { outcome: 'accepted' };
      default:
        return change satisfies never;
    }
  }
}

interface Asked {
  outcome: string;
  pending?: Pick<PendingChange, 'kind' | 'endsAt' | 'requestedAt'>;
}

function accepted(pending: Pick<PendingChange, 'kind' | 'endsAt'>): Asked {
  return { outcome: 'accepted', pending: { ...pending, requestedAt: new Date() } };
}
