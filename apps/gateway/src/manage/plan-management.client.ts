import { Outbox } from '@billhook/messaging';
import { inTransaction } from '@billhook/database';
import type { DomainEvent } from '@billhook/contracts';
import { Refused, Retryable } from '@billhook/runtime';
import { Injectable } from '@nestjs/common';
import type Stripe from 'stripe';
import { DataSource } from 'typeorm';
import { AccountReader } from '../account/account-reader.store.js';
import type { AccountAnswer } from '../account/account-answer.js';
import { AccountStore } from '../account/account.store.js';
import type { PendingChange } from '../account/pending.js';
import { announcement, eventSource } from '../announcement.js';
import { CustomerStore } from '../checkout/customer.store.js';
import { GatewayConfig } from '../config.js';
import { Deadline } from '../deadline.js';
import type { Caller } from '../sign-in/caller.js';
import { StripeBilling } from '../stripe-billing.client.js';
import { UserLock } from '../user-lock.store.js';
import type { Section } from '../user-lock.store.js';
import { cancellationOf, resumptionOf } from './subscription-change.js';
import type { SubscriptionChange } from './subscription-change.js';

/** For all calls to Stripe together. Ten seconds are promised from the request to the answer: one is for ourselves. */
const totalMs = 9_000;

/**
 * What a customer does with a subscription that exists. Stripe is asked which one that is, since the read model may be a
 * moment behind, and Stripe's answer is shown as pending until its event confirms it.
 */
@Injectable()
export class PlanManagement {
  constructor(
    private readonly dataSource: DataSource,
    private readonly lock: UserLock,
    private readonly stripe: StripeBilling,
    private readonly customers: CustomerStore,
    private readonly accounts: AccountReader,
    private readonly store: AccountStore,
    private readonly outbox: Outbox,
    private readonly config: GatewayConfig,
  ) {}

  /** At the period's end, or at once without a refund. Throws Refused no_subscription, busy; Retryable stripe_…. */
  cancel(caller: Caller, isImmediate: boolean): Promise<AccountAnswer> {
    return this.change(
      caller,
      (subscription) => cancellationOf(subscription, isImmediate),
      (subscriptionId, outcome) => ({
        type: 'billing.cancellation.requested',
        data: { user_id: caller.userId, subscription_id: subscriptionId, immediate: isImmediate, outcome },
      }),
    );
  }

  /** Takes a scheduled cancellation back. Throws as `cancel` does. */
  resume(caller: Caller): Promise<AccountAnswer> {
    return this.change(caller, resumptionOf, (subscriptionId, outcome) => ({
      type: 'billing.resumption.requested',
      data: { user_id: caller.userId, subscription_id: subscriptionId, outcome },
    }));
  }

  /** The address of Stripe's customer portal. Throws Refused no_subscription for who has never been to Checkout. */
  async openPortal(caller: Caller): Promise<string> {
    const customerId = await this.customers.customerIdOf(this.dataSource.manager, caller.userId);
    if (customerId === null) throw noSubscription();
    const returnUrl = `${this.config.PUBLIC_URL}/profile`;
    const url = await this.stripe.createPortalSession(customerId, returnUrl, new Deadline(totalMs, Date.now));
    const data = { user_id: caller.userId, customer_id: customerId };
    const event = announcement(caller, { type: 'billing.portal.opened', data }, { at: new Date() });
    await inTransaction(this.dataSource, (manager) => this.outbox.append(manager, eventSource, [event]));
    return url;
  }

  private async change(
    caller: Caller,
    decide: (subscription: Stripe.Subscription) => SubscriptionChange,
    toEvent: (subscriptionId: string, outcome: string) => DomainEvent,
  ): Promise<AccountAnswer> {
    const deadline = new Deadline(totalMs, Date.now);
    await this.lock.hold(caller.userId, deadline, async (section) => {
      const subscription = await this.subscriptionOf(section, caller, deadline);
      const announce = (outcome: string, pending?: PendingChange): Promise<void> =>
        this.record(section, caller, toEvent(subscription.id, outcome), pending);
      try {
        const { outcome, pending } = await this.carryOut(decide(subscription), subscription.id, deadline);
        await announce(outcome, pending);
      } catch (error) {
        if (error instanceof Refused || error instanceof Retryable) await announce(error.code);
        throw error;
      }
    });
    return this.accounts.answer(caller.userId);
  }

  /** The live subscription that the account shows, or the newest one. */
  private async subscriptionOf(section: Section, caller: Caller, deadline: Deadline): Promise<Stripe.Subscription> {
    const customerId = await this.customers.customerIdOf(section.manager, caller.userId);
    const live = customerId === null ? [] : await this.stripe.liveSubscriptions(customerId, deadline);
    const { subscription } = await this.accounts.read(caller.userId);
    const chosen = live.find((each) => each.id === subscription?.id) ?? live[0];
    if (chosen === undefined) throw noSubscription();
    return chosen;
  }

  private async carryOut(
    change: SubscriptionChange,
    subscriptionId: string,
    deadline: Deadline,
  ): Promise<{ outcome: string; pending?: PendingChange }> {
    switch (change.kind) {
      case 'nothing':
        return { outcome: change.reason };
      case 'update': {
        const updated = await this.stripe.update(subscriptionId, change.params, deadline);
        return { outcome: 'accepted', pending: change.pendingFor(updated, new Date()) };
      }
      case 'cancel_now': {
        await this.stripe.cancelNow(subscriptionId, deadline);
        const now = new Date();
        return { outcome: 'accepted', pending: { kind: 'cancel_now', subscriptionId, endsAt: now, requestedAt: now } };
      }
      default:
        return change satisfies never;
    }
  }

  private record(section: Section, caller: Caller, event: DomainEvent, pending?: PendingChange): Promise<void> {
    return section.inTransaction(async (manager) => {
      if (pending !== undefined) await this.store.savePending(manager, caller.userId, pending);
      await this.outbox.append(manager, eventSource, [announcement(caller, event, { at: new Date() })]);
    });
  }
}

function noSubscription(): Refused {
  return new Refused('no_subscription', 'there is nothing to cancel or to manage; choose a plan first');
}
