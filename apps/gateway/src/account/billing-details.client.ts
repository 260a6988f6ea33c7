import type { Account } from '@billhook/contracts';
import { Refused, Retryable } from '@billhook/runtime';
import { Injectable, Logger } from '@nestjs/common';
import { setTimeout } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { CustomerStore } from '../checkout/customer.store.js';
import { Deadline } from '../deadline.js';
import { StripeBilling } from '../stripe-billing.client.js';
import { knowsNothing } from './billing-details.js';
import type { BillingDetails, ShownDetails } from './billing-details.js';
import { Outage } from './outage.js';

/** A page may wait this long for Stripe, once; what comes later is there for the next page. */
const patienceMs = 1_500;
/** Once in ten seconds of an outage a page waits this long: twice what Stripe takes for both questions when it is well. */
const glanceMs = 1_000;
/** So long an answer counts as today's. */
const freshMs = 10_000;
/** While Stripe does not answer, older ones are shown, with their day and time. */
const shownMs = 86_400_000;
const mostKept = 5_000;

interface Question {
  account: Account;
  customerId: string;
  now: number;
}

interface Kept {
  details: BillingDetails;
  version: number;
  readAt: number;
  isDoubted: boolean;
}

/**
 * How somebody pays, in Stripe's words, remembered by each process for a moment. The profile must show without Stripe, at its usual
 * speed: one page finds out that Stripe is away, and those after it do not wait.
 */
@Injectable()
export class BillingDetailsReader {
  private readonly log = new Logger('profile');
  private readonly kept = new Map<string, Kept>();
  private readonly asking = new Map<string, Promise<boolean>>();
  private readonly outage = new Outage();

  constructor(
    private readonly dataSource: DataSource,
    private readonly customers: CustomerStore,
    private readonly stripe: StripeBilling,
  ) {}

  /** Null where Stripe knows and we do not: it does not answer now, and has not since there was something to know. */
  async read(account: Account, now: number): Promise<ShownDetails | null> {
    const known = this.kept.get(account.user_id);
    const isFresh = known?.version === account.version && !known.isDoubted && now - known.readAt < freshMs;
    if (isFresh) return { ...known.details, readAt: null };
    const customerId = await this.customers.customerIdOf(this.dataSource.manager, account.user_id);
    if (customerId === null) return { method: null, invoices: [], price: null, beside: [], readAt: null };
    const question = { account, customerId, now };
    const way = this.outage.wayToAsk(now);
    if (way === 'wait' && (await this.ask(question))) return this.shown(account, now, null);
    if (way === 'briefly' && (await this.askBriefly(question))) return this.shown(account, now, null);
    return this.shown(account, now, known?.readAt ?? null);
  }

  /** Somebody goes where cards are changed: what is known is shown from now on only if Stripe does not answer. */
  doubt(userId: string): void {
    const known = this.kept.get(userId);
    if (known !== undefined) this.kept.set(userId, { ...known, isDoubted: true });
  }

  /** Whoever comes first after an outage is not told that Stripe is away. An answer that takes longer is there for the next page. */
  private askBriefly(question: Question): Promise<boolean> {
    const asked = this.ask(question).catch((error: unknown) => {
      this.log.error({ msg: 'what Stripe knows could not be read', err: error });
      return false;
    });
    return Promise.race([asked, setTimeout(glanceMs, false, { ref: false })]);
  }

  private shown({ user_id, version }: Account, now: number, readAt: number | null): ShownDetails | null {
    const known = this.kept.get(user_id);
    if (known === undefined || now - known.readAt > shownMs) return null;
    // Whoever had no card and no invoice then may have paid since: that is not known, and not none.
    if (known.version !== version && knowsNothing(known.details)) return null;
    if (readAt === null) return { ...known.details, readAt };
    const shown = { ...known.details, readAt: new Date(readAt) };
    // Of another state of the account: its price is no news of this one's, nor is what was paid for beside it.
    return known.version === version ? shown : { ...shown, price: null, beside: [] };
  }

  /** Several tabs of one user ask together. */
  private ask(question: Question): Promise<boolean> {
    const { user_id: userId } = question.account;
    const underWay = this.asking.get(userId);
    if (underWay !== undefined) return underWay;
    const asked = this.askStripe(question).finally(() => this.asking.delete(userId));
    this.asking.set(userId, asked);
    return asked;
  }

  /** Whether Stripe has answered. Never rejects for Stripe's sake: its failures are what is expected here. */
  private async askStripe({ account, customerId, now }: Question): Promise<boolean> {
    try {
      this.keep(account, await this.fetch(account, customerId), now);
      this.outage.end();
      return true;
    } catch (error) {
      if (!(error instanceof Retryable || error instanceof Refused)) throw error;
      this.log.warn({ msg: 'a profile is shown without what Stripe knows', code: error.code });
      if (error instanceof Retryable) this.outage.begin(now);
      return false;
    }
  }

  private async fetch({ subscription }: Account, customerId: string): Promise<BillingDetails> {
    const deadline = new Deadline(patienceMs, Date.now);
    const subscriptionId = subscription === null || subscription.is_canceled ? null : subscription.id;
    const [paid, invoices] = await Promise.all([
      this.stripe.waysToPay({ customerId, subscriptionId }, deadline),
      this.stripe.newestInvoices(customerId, deadline),
    ]);
    return { ...paid, invoices };
  }

  /** The oldest go first, and what is too old to be shown: a Map keeps the order in which its keys came. */
  private keep({ user_id, version }: Account, details: BillingDetails, readAt: number): void {
    this.kept.delete(user_id);
    this.kept.set(user_id, { details, version, readAt, isDoubted: false });
    for (const [userId, known] of this.kept) {
      if (this.kept.size <= mostKept && readAt - known.readAt <= shownMs) return;
      this.kept.delete(userId);
    }
  }
}
