import { Refused } from '@billhook/runtime';
import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type Stripe from 'stripe';
import { GatewayConfig } from '../config.js';
import type { Deadline } from '../deadline.js';
import type { Caller } from '../sign-in/caller.js';
import { StripeBilling } from '../stripe-billing.client.js';
import type { Section } from '../user-lock.store.js';
import { CheckoutAnnouncer } from './checkout-announcer.store.js';
import { CheckoutAttemptStore } from './checkout-attempt.store.js';
import type { PayableSession } from './checkout.client.js';
import type { PlanChoice } from './plan-choice.js';
import { checkoutParams } from './checkout-params.js';

/** What is to be bought, by whom. */
export interface Purchase {
  caller: Caller;
  choice: PlanChoice;
  priceId: string;
  customerId: string;
  /** 0 for none. */
  trialDays: number;
}

/** Stripe's payment pages of one user: at most one of them is open. Everything here runs under the user's lock. */
@Injectable()
export class CheckoutSessions {
  constructor(
    private readonly stripe: StripeBilling,
    private readonly attempts: CheckoutAttemptStore,
    private readonly announcer: CheckoutAnnouncer,
    private readonly config: GatewayConfig,
  ) {}

  /**
   * Closes every open page but one for this very purchase. `isBeingPaid` when one of them could not be closed, since it has
   * been paid a moment ago or is being paid: then nothing more may be sold.
   */
  async closeOthers(
    section: Section,
    purchase: Purchase,
    deadline: Deadline,
  ): Promise<{ reusable: PayableSession | null; isBeingPaid: boolean }> {
    let reusable: PayableSession | null = null;
    let isBeingPaid = false;
    for (const { id, url } of await this.stripe.openSessions(purchase.customerId, deadline)) {
      const isWanted = reusable === null && url !== null && (await this.isFor(section, purchase, id));
      if (isWanted) reusable = { id, url };
      else isBeingPaid = !(await this.close(section, purchase.caller, id, deadline)) || isBeingPaid;
    }
    return { reusable, isBeingPaid };
  }

  /** False when it cannot be closed any more. */
  async close(section: Section, caller: Caller, sessionId: string, deadline: Deadline): Promise<boolean> {
    const session = await this.stripe.expireSession(sessionId, deadline);
    await section.inTransaction((manager) => this.announcer.settled(manager, caller, session));
    return session.status === 'expired';
  }

  async reuse(section: Section, { caller, choice }: Purchase, session: PayableSession): Promise<PayableSession> {
    await section.inTransaction((manager) => this.announcer.started(manager, caller, choice, session.id));
    return session;
  }

  /** Asks under an earlier attempt's id if that one's answer was lost: Stripe then answers with the same session. */
  async create(section: Section, purchase: Purchase, deadline: Deadline): Promise<PayableSession> {
    const { caller, choice, priceId, trialDays } = purchase;
    const fresh = { attemptId: randomUUID(), userId: caller.userId, ...choice, priceId, trialDays };
    const unanswered = await this.attempts.findUnanswered(section.manager, fresh);
    if (unanswered !== null) {
      const session = await this.ask(section, unanswered.attemptId, purchase, deadline);
      // A replayed answer tells of the past. The page may have been paid or closed since.
      const now = await this.stripe.retrieveSession(session.id, deadline);
      if (now.status === 'open') return this.opened(section, purchase, unanswered.attemptId, now);
      await this.attempts.abandon(section.manager, unanswered.attemptId);
    }
    await this.attempts.begin(section.manager, fresh);
    const session = await this.ask(section, fresh.attemptId, purchase, deadline);
    return this.opened(section, purchase, fresh.attemptId, session);
  }

  private async isFor(section: Section, purchase: Purchase, sessionId: string): Promise<boolean> {
    const attempt = await this.attempts.findBySession(section.manager, purchase.caller.userId, sessionId);
    if (attempt === null) return false;
    const { tier, billingCycle } = purchase.choice;
    const isSamePlan = attempt.tier === tier && attempt.billingCycle === billingCycle;
    return isSamePlan && attempt.priceId === purchase.priceId && attempt.trialDays === purchase.trialDays;
  }

  /** Stripe repeats under the same key what it once refused, for a day: such an attempt is over. */
  private async ask(
    section: Section,
    attemptId: string,
    purchase: Purchase,
    deadline: Deadline,
  ): Promise<Stripe.Checkout.Session> {
    try {
      return await this.stripe.createSession(checkoutParams(purchase, this.config.PUBLIC_URL), attemptId, deadline);
    } catch (error) {
      if (error instanceof Refused) await this.attempts.abandon(section.manager, attemptId);
      throw error;
    }
  }

  private async opened(
    section: Section,
    { caller, choice }: Purchase,
    attemptId: string,
    session: Stripe.Checkout.Session,
  ): Promise<PayableSession> {
    const { id, url } = session;
    if (url === null) throw new Error(`Stripe opened ${id} without an address`);
    await section.inTransaction(async (manager) => {
      await this.attempts.markOpen(manager, attemptId, id);
      await this.announcer.started(manager, caller, choice, id);
    });
    return { id, url };
  }
}
