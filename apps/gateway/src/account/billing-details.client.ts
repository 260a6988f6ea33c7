import type { Account } from '@billhook/contracts';
import { Refused, Retryable } from '@billhook/runtime';
import { Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { CustomerStore } from '../checkout/customer.store.js';
import { Deadline } from '../deadline.js';
import { StripeBilling } from '../stripe-billing.client.js';
import type { BillingDetails, ShownDetails } from './billing-details.js';

/** A page may wait this long for Stripe, once; what comes later is there for the next page. */
const patienceMs = 1_500;
/** So long an answer counts as today's. */
const freshMs = 10_000;
/** While Stripe does not answer, older ones are shown, with their time. */
const shownMs = 3_600_000;
/** After a failure Stripe is asked this rarely, by one page at a time, which does not wait for it. */
const pauseMs = 10_000;
const mostKept = 5_000;

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
  private isStripeAway = false;
  private askAgainAt = 0;

  constructor(
    private readonly dataSource: DataSource,
    private readonly customers: CustomerStore,
    private readonly stripe: StripeBilling,
  ) {}

  /** Null while Stripe does not answer and never has about this user. */
  async read(account: Account, now: number): Promise<ShownDetails | null> {
    const known = this.kept.get(account.user_id);
    const isFresh = known?.version === account.version && !known.isDoubted && now - known.readAt < freshMs;
    if (isFresh) return { ...known.details, readAt: null };
    if (this.isStripeAway) this.askInTheBackground(account, now);
    else if (await this.ask(account, now)) return this.shown(account.user_id, now, null);
    return this.shown(account.user_id, now, known?.readAt ?? null);
  }

  /** Somebody goes where cards are changed: what is known is shown from now on only if Stripe does not answer. */
  doubt(userId: string): void {
    const known = this.kept.get(userId);
    if (known !== undefined) this.kept.set(userId, { ...known, isDoubted: true });
  }

  private askInTheBackground(account: Account, now: number): void {
    this.ask(account, now).catch((error: unknown) => {
      this.log.error({ msg: 'what Stripe knows could not be read', err: error });
    });
  }

  private shown(userId: string, now: number, readAt: number | null): ShownDetails | null {
    const known = this.kept.get(userId);
    if (known === undefined || now - known.readAt > shownMs) return null;
    return { ...known.details, readAt: readAt === null ? null : new Date(readAt) };
  }

  /** Several tabs of one user ask together. */
  private ask(account: Account, now: number): Promise<boolean> {
    const { user_id: userId } = account;
    const underWay = this.asking.get(userId);
    if (underWay !== undefined) return underWay;
    const asked = this.askStripe(account, now).finally(() => this.asking.delete(userId));
    this.asking.set(userId, asked);
    return asked;
  }

  /** Whether Stripe has answered. Never rejects for Stripe's sake: its failures are what is expected here. */
  private async askStripe(account: Account, now: number): Promise<boolean> {
    if (now < this.askAgainAt) return false;
    if (this.isStripeAway) this.askAgainAt = now + pauseMs;
    try {
      this.keep(account, await this.fetch(account), now);
      this.isStripeAway = false;
      return true;
    } catch (error) {
      if (!(error instanceof Retryable || error instanceof Refused)) throw error;
      this.log.warn({ msg: 'a profile is shown without what Stripe knows', code: error.code });
      if (error instanceof Retryable) {
        this.isStripeAway = true;
        this.askAgainAt = now + pauseMs;
      }
      return false;
    }
  }

  private async fetch({ user_id, subscription }: Account): Promise<BillingDetails> {
    const customerId = await this.customers.customerIdOf(this.dataSource.manager, user_id);
    if (customerId === null) return { method: null, invoices: [], price: null, beside: [] };
    const deadline = new Deadline(patienceMs, Date.now);
    const subscriptionId = subscription === null || subscription.is_canceled ? null : subscription.id;
    const [paid, invoices] = await Promise.all([
      this.stripe.waysToPay({ customerId, subscriptionId }, deadline),
      this.stripe.newestInvoices(customerId, deadline),
    ]);
    return { ...paid, invoices };
  }

  /** The oldest goes first: a Map keeps the order in which its keys came. */
  private keep({ user_id, version }: Account, details: BillingDetails, readAt: number): void {
    this.kept.delete(user_id);
    this.kept.set(user_id, { details, version, readAt, isDoubted: false });
    const [oldest] = this.kept.keys();
    if (this.kept.size > mostKept && oldest !== undefined) this.kept.delete(oldest);
  }
}
