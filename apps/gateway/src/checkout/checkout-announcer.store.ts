import { inTransaction } from '@billhook/database';
import type { ErrorCode } from '@billhook/runtime';
import { Outbox } from '@billhook/messaging';
import { Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type Stripe from 'stripe';
import { announcement, eventSource } from '../announcement.js';
import type { Caller } from '../sign-in/caller.js';
import { CheckoutAttemptStore } from './checkout-attempt.store.js';
import type { CheckoutAttempt } from './checkout-attempt.store.js';
import type { PlanChoice } from './plan-choice.js';

/** Tells the other services, through the outbox, what became of a purchase. */
@Injectable()
export class CheckoutAnnouncer {
  private readonly log = new Logger('checkout');

  constructor(
    private readonly dataSource: DataSource,
    private readonly outbox: Outbox,
    private readonly attempts: CheckoutAttemptStore,
  ) {}

  async started(manager: EntityManager, caller: Caller, choice: PlanChoice, sessionId: string): Promise<void> {
    const data = { ...planData(caller, choice), session_id: sessionId };
    const event = announcement(caller, { type: 'billing.checkout.started', data }, { at: new Date() });
    await this.outbox.append(manager, eventSource, [event]);
  }

  /**
   * Records that a session has been paid or has expired, and announces it the first time that somebody sees it. An open one
   * is left alone.
   */
  async settled(manager: EntityManager, caller: Caller, session: Stripe.Checkout.Session): Promise<void> {
    const state = settledState(session);
    if (state === null) return;
    const attempt = await this.attempts.findBySession(manager, caller.userId, session.id);
    if (attempt === null) return;
    const isFirst = await this.attempts.settle(manager, session.id, { state, subscriptionId: subscriptionOf(session) });
    if (!isFirst) return;
    const type = state === 'completed' ? 'billing.checkout.completed' : 'billing.checkout.expired';
    const data = { ...planData(caller, attempt), session_id: session.id };
    await this.outbox.append(manager, eventSource, [
      announcement(caller, { type, data }, { at: new Date(), causeId: session.id }),
    ]);
  }

  /** Asks for Stripe's own word on a purchase that is paid but not confirmed: once for each, however often it is looked at. */
  async pullOnce(manager: EntityManager, caller: Caller, attempt: CheckoutAttempt): Promise<void> {
    const { sessionId } = attempt;
    if (sessionId === null || !(await this.attempts.askForPullOnce(manager, attempt.attemptId))) return;
    const data = { user_id: caller.userId, session_id: sessionId, reason: 'checkout_not_confirmed' };
    await this.outbox.append(manager, eventSource, [
      announcement(caller, { type: 'billing.reconcile.requested', data }, { at: new Date(), causeId: sessionId }),
    ]);
  }

  /** The caller is told the failure itself; that it could not be announced as well is only worth a line here. */
  async failed(caller: Caller, choice: PlanChoice, reason: ErrorCode): Promise<void> {
    const data = { ...planData(caller, choice), session_id: null, reason };
    const event = announcement(caller, { type: 'billing.checkout.failed', data }, { at: new Date() });
    try {
      await inTransaction(this.dataSource, (manager) => this.outbox.append(manager, eventSource, [event]));
    } catch (error) {
      this.log.error({
        msg: 'a failed checkout could not be announced',
        reason,
        requestId: caller.requestId,
        err: error,
      });
    }
  }
}

function planData(caller: Caller, choice: PlanChoice) {
  return { user_id: caller.userId, tier: choice.tier, billing_cycle: choice.billingCycle };
}

function settledState(session: Stripe.Checkout.Session): 'completed' | 'expired' | null {
  if (session.status === 'complete') return 'completed';
  return session.status === 'expired' ? 'expired' : null;
}

function subscriptionOf({ subscription }: Stripe.Checkout.Session): string | null {
  return typeof subscription === 'string' ? subscription : (subscription?.id ?? null);
}
