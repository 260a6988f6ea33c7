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
import { cancellationOf, pauseEndOf, resumptionOf } from './subscription-change.js';
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
  async cancel(caller: Caller, isImmediate: boolean): Promise<AccountAnswer> {
    const { account } = await this.carryOutFor(caller, {
      decide: (subscription) => cancellationOf(subscription, isImmediate),
      toEvent: (subscriptionId, outcome) => ({
        type: 'billing.cancellation.requested',
        data: { user_id: caller.userId, subscription_id: subscriptionId, immediate: isImmediate, outcome },
      }),
      // The second click of two finds nothing to cancel any more.
      isDone: ({ pending }) => isImmediate && pending?.change === 'cancel_now',
    });
    return account;
  }

  /** Takes a scheduled cancellation or a scheduled change of plan back. Throws as `cancel` does. */
  resume(caller: Caller): Promise<CarriedOut> {
    return this.carryOutFor(caller, { ...resumption(caller), decide: resumptionOf });
  }

  /**
   * Lets the paused subscription that the account shows go on, for the price of a period from now on. `payment_required` where that was
   * not paid: it stays paused, with an invoice that can be. Throws as `cancel` does.
   */
  async endPause(caller: Caller): Promise<CarriedOut> {
    const { subscription: shown } = await this.accounts.read(caller.userId);
    const decide = (subscription: Stripe.Subscription) => pauseEndOf(subscription, shown?.id);
    return this.carryOutFor(caller, { ...resumption(caller), decide });
  }

  private carryOutFor(caller: Caller, wish: Wish): Promise<CarriedOut> {
    const deadline = new Deadline(requestMs, Date.now);
    return this.lock.hold(caller.userId, deadline, async (section) => {
      const subscription = await this.live.find(section, caller, deadline);
      if (subscription === null) return this.answerWithout(caller, wish);
      const outcome = await this.carryOutOn(subscription, wish, { caller, section, deadline });
      return { outcome, account: await this.accounts.answer(caller.userId) };
    });
  }

  private async answerWithout(caller: Caller, wish: Wish): Promise<CarriedOut> {
    const account = await this.accounts.answer(caller.userId);
    if (wish.isDone(account)) return { outcome: 'accepted', account };
    throw noSubscription();
  }

  private async carryOutOn(
    subscription: Stripe.Subscription,
    wish: Wish,
    { caller, section, deadline }: { caller: Caller; section: Section; deadline: Deadline },
  ): Promise<Outcome> {
    const announce = (outcome: string, pending?: PendingChange): Promise<void> =>
      this.recorder.record(section, caller, wish.toEvent(subscription.id, outcome), pending);
    try {
      const { outcome, pending } = await this.ask(wish.decide(subscription), subscription.id, deadline);
      await announce(outcome, pending && { ...pending, subscriptionId: subscription.id, plan: null });
      return outcome;
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
        return this.unpause(subscriptionId, deadline);
      default:
        return change satisfies never;
    }
  }

  /** Nothing is shown as pending: without a paid invoice there is nothing to come. */
  private async unpause(subscriptionId: string, deadline: Deadline): Promise<Asked> {
    const { status } = await this.stripe.resume(subscriptionId, deadline);
    return { outcome: status === 'paused' ? 'payment_required' : 'accepted' };
  }
}

/** Why nothing was left to do, or what came of it. */
export type Outcome = Extract<SubscriptionChange, { kind: 'nothing' }>['reason'] | 'accepted' | 'payment_required';

export interface CarriedOut {
  outcome: Outcome;
  account: AccountAnswer;
}

function resumption(caller: Caller): Pick<Wish, 'toEvent' | 'isDone'> {
  return {
    toEvent: (subscriptionId, outcome) => ({
      type: 'billing.resumption.requested',
      data: { user_id: caller.userId, subscription_id: subscriptionId, outcome },
    }),
    isDone: () => false,
  };
}

interface Asked {
  outcome: Outcome;
  pending?: Pick<PendingChange, 'kind' | 'endsAt' | 'requestedAt'>;
}

function accepted(pending: Pick<PendingChange, 'kind' | 'endsAt'>): Asked {
  return { outcome: 'accepted', pending: { ...pending, requestedAt: new Date() } };
}
