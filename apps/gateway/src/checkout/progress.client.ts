import { planOf } from '@billhook/billing';
import { LiveCatalogue } from '@billhook/catalogue';
import { inTransaction } from '@billhook/database';
import { Refused, Retryable } from '@billhook/runtime';
import { Injectable, Logger } from '@nestjs/common';
import type Stripe from 'stripe';
import { DataSource } from 'typeorm';
import { AccountReader } from '../account/account-reader.store.js';
import { Deadline } from '../deadline.js';
import type { Caller } from '../sign-in/caller.js';
import { StripeBilling } from '../stripe-billing.client.js';
import { CheckoutAnnouncer } from './checkout-announcer.store.js';
import { CheckoutAttemptStore } from './checkout-attempt.store.js';
import type { CheckoutAttempt } from './checkout-attempt.store.js';
import { progressOfPaid } from './checkout-progress.js';
import type { CheckoutProgress } from './checkout-progress.js';

const askStripeMs = 5_000;

/** What `GET /v1/checkout-sessions/:id` and the success page tell of a session. */
export interface CheckoutReport {
  attempt: CheckoutAttempt;
  progress: CheckoutProgress;
}

/** Looks how far a purchase has come. Stripe says whether it is paid; only the account says that it has arrived. */
@Injectable()
export class ProgressReader {
  private readonly log = new Logger('checkout');

  constructor(
    private readonly dataSource: DataSource,
    private readonly attempts: CheckoutAttemptStore,
    private readonly announcer: CheckoutAnnouncer,
    private readonly accounts: AccountReader,
    private readonly stripe: StripeBilling,
    private readonly catalogue: LiveCatalogue,
  ) {}

  /**
   * Waits up to `waitMs` for the account to show a paid session; one that stays unconfirmed has Stripe's word asked for. Throws
   * Refused not_found for a session that is not this caller's, without asking Stripe: nobody learns whether it exists.
   */
  async report(caller: Caller, sessionId: string, waitMs: number): Promise<CheckoutReport> {
    const known = await this.find(caller, sessionId);
    if (known.state === 'completed') return { attempt: known, progress: await this.progressOf(caller, known, waitMs) };
    if (known.state !== 'open') return { attempt: known, progress: { kind: 'expired' } };
    const session = await this.stripe.retrieveSession(sessionId, new Deadline(askStripeMs, Date.now));
    if (session.status === 'open') return { attempt: known, progress: { kind: 'unpaid', url: session.url } };
    const attempt = await this.settle(caller, session);
    const progress = attempt.state === 'completed' ? await this.progressOf(caller, attempt, waitMs) : expired;
    return { attempt, progress };
  }

  /** For people: a Stripe that does not answer leaves the question open instead of failing the page. */
  async reportToPage(caller: Caller, sessionId: string, waitMs: number): Promise<CheckoutProgress> {
    try {
      return (await this.report(caller, sessionId, waitMs)).progress;
    } catch (error) {
      if (!(error instanceof Retryable)) throw error;
      this.log.warn({ msg: 'a success page could not ask Stripe', code: error.code, requestId: caller.requestId });
      return { kind: 'confirming', isLate: false };
    }
  }

  private async settle(caller: Caller, session: Stripe.Checkout.Session): Promise<CheckoutAttempt> {
    await inTransaction(this.dataSource, (manager) => this.announcer.settled(manager, caller, session));
    return this.find(caller, session.id);
  }

  private async find(caller: Caller, sessionId: string): Promise<CheckoutAttempt> {
    const attempt = await this.attempts.findBySession(this.dataSource.manager, caller.userId, sessionId);
    if (attempt === null) throw new Refused('not_found');
    return attempt;
  }

  private async progressOf(caller: Caller, attempt: CheckoutAttempt, waitMs: number): Promise<CheckoutProgress> {
    const completedAt = attempt.settledAt ?? new Date();
    const plan = planOf(this.catalogue.current(), attempt.tier);
    const price = plan.prices.find(({ billingCycle }) => billingCycle === attempt.billingCycle) ?? null;
    const paid = { subscriptionId: attempt.subscriptionId, completedAt, planName: plan.name, price };
    const account = await this.accounts.waitUntil(
      attempt.userId,
      (current) => progressOfPaid(paid, current, new Date()).kind !== 'confirming',
      waitMs,
    );
    const progress = progressOfPaid(paid, account, new Date());
    if (attempt.pullRequestedAt === null && progress.kind === 'confirming' && progress.isLate) {
      await inTransaction(this.dataSource, (manager) => this.announcer.pullOnce(manager, caller, attempt));
    }
    return progress;
  }
}

const expired: CheckoutProgress = { kind: 'expired' };
