import type Stripe from 'stripe';
import { anEvent } from '../events/event.js';
import type { ThinEvent } from '../events/thin-event.js';
import type { StoredAnswer } from '../api/idempotency.js';
import type { CliFeature } from '../cli/session-routes.js';
import type { PaymentData } from '../checkout/pay-once.js';
import type { SubscriptionData } from '../checkout/session.js';
import type { Challenge } from '../payments/challenge.js';
import type { AwaitingPayment } from '../subscriptions/standing.js';
import { initialSettings } from '../settings/settings.js';
import { idOf } from './ids.js';
import { Clock } from './clock.js';
import { previousAttributes, toJson } from './json.js';
import { seed } from './seed.js';
import type { PriceIds } from './seed.js';

/** The API request that causes what happens now; null ids for what the clock causes. */
interface Cause {
  id: string | null;
  idempotencyKey: string | null;
}
const theClock: Cause = { id: null, idempotencyKey: null };

interface Debit {
  settlesAt: number;
  willSucceed: boolean;
}

interface CliSession {
  id: string;
  features: readonly CliFeature[];
}

interface Circumstances {
  /** What the changed fields were before, for `previous_attributes`. */
  previous?: object;
  /** Default: the request at work, or the clock. */
  cause?: Cause;
}

/** So that a long run does not eat the memory: about 300 MB of events. */
const usualRoom = 100_000;

/** What the simulator's environment says about the account. */
interface Account {
  publicUrl: string;
  prices: PriceIds;
  /** How many webhook endpoints it has. */
  endpoints: number;
  signingSecret: string;
}

/** Everything the pretend Stripe account holds. Work on it is synchronous, so a request is all or nothing. */
export class World {
  readonly clock = new Clock();
  readonly customers = new Map<string, Stripe.Customer>();
  readonly deletedCustomers = new Map<string, Stripe.DeletedCustomer>();
  readonly products = new Map<string, Stripe.Product>();
  readonly prices = new Map<string, Stripe.Price>();
  readonly coupons = new Map<string, Stripe.Coupon>();
  readonly promotionCodes = new Map<string, Stripe.PromotionCode>();
  readonly discounts = new Map<string, Stripe.Discount>();
  readonly paymentMethods = new Map<string, Stripe.PaymentMethod>();
  readonly subscriptions = new Map<string, Stripe.Subscription>();
  readonly schedules = new Map<string, Stripe.SubscriptionSchedule>();
  readonly invoices = new Map<string, Stripe.Invoice>();
  readonly invoiceItems = new Map<string, Stripe.InvoiceItem>();
  readonly invoicePayments = new Map<string, Stripe.InvoicePayment>();
  readonly paymentIntents = new Map<string, Stripe.PaymentIntent>();
  readonly charges = new Map<string, Stripe.Charge>();
  readonly refunds = new Map<string, Stripe.Refund>();
  readonly disputes = new Map<string, Stripe.Dispute>();
  /** Which payment an invoice waits for or was paid with. */
  readonly paymentByInvoice = new Map<string, string>();
  /** By subscription: the invoices nobody has paid yet. */
  readonly openInvoices = new Map<string, Set<string>>();
  /** By invoice: a bank debit on its way. */
  readonly debits = new Map<string, Debit>();
  /** Payment methods that need no 3-D Secure any more. */
  readonly authenticated = new Set<string>();
  /** Payment methods that no customer may have again. */
  readonly detached = new Set<string>();
  /** By subscription: what an invoice must be paid for first. */
  readonly awaitingPayment = new Map<string, AwaitingPayment>();
  /** 3-D Secure challenges that were not answered yet. */
  readonly challenges = new Map<string, Challenge>();
  /** Trials whose end within three days has been announced. */
  readonly announcedTrials = new Set<string>();
  readonly checkoutSessions = new Map<string, Stripe.Checkout.Session>();
  /** By session id, because `line_items` is only sent when it is expanded. */
  readonly lineItems = new Map<string, Stripe.LineItem[]>();
  /** By session id: what the subscription will be made with once the session is paid. */
  readonly subscriptionData = new Map<string, SubscriptionData>();
  /** By session id: what its payment will be made with, in payment mode. */
  readonly paymentData = new Map<string, PaymentData>();
  readonly portalSessions = new Map<string, Stripe.BillingPortal.Session>();
  readonly events = new Map<string, Stripe.EventBase>();
  readonly thinEvents = new Map<string, ThinEvent>();
  /** Whoever runs the CLI's `listen`. */
  readonly cliSessions = new Map<string, CliSession>();
  readonly answers = new Map<string, StoredAnswer>();
  settings = initialSettings;

  private cause = theClock;
  private room = usualRoom;
  private isMade: (type: string) => boolean = () => true;
  private readonly listeners: Array<(event: Stripe.EventBase) => void> = [];

  readonly publicUrl: string;
  /** What deliveries are signed with. */
  readonly signingSecret: string;

  constructor(private readonly account: Account) {
    this.publicUrl = account.publicUrl;
    this.signingSecret = account.signingSecret;
    seed(this, account.prices);
  }

  now(): number {
    return this.clock.now();
  }

  onEvent(listener: (event: Stripe.EventBase) => void): void {
    this.listeners.push(listener);
  }

  /** `isMade` is asked about each event, by its type, whether there will be one. */
  askBeforeMaking(isMade: (type: string) => boolean): void {
    this.isMade = isMade;
  }

  /** Runs `work` as caused by one request: its events name it. */
  causedBy<T>(cause: Cause, work: () => T): T {
    this.cause = cause;
    try {
      return work();
    } finally {
      this.cause = theClock;
    }
  }

  /**
   * The one place where events are made: a frozen copy of the object as it is now. Answered, too, when chaos has it that
   * nobody will ever see it.
   */
  emit(
    type: Stripe.Event.Type,
    object: object,
    { previous, cause = this.cause }: Circumstances = {},
  ): Stripe.EventBase {
    const event = anEvent({
      type,
      object: toJson(object),
      previous,
      cause,
      created: this.now(),
      version: this.settings.api_version,
      pending: this.account.endpoints,
    });
    if (!this.isMade(type)) return event;
    this.keepEvent(event);
    this.announce(event);
    return event;
  }

  /** Has an event delivered, also once more. */
  announce(event: Stripe.EventBase): void {
    for (const listener of this.listeners) listener(event);
  }

  /** Lists an event, without having it delivered. */
  keepEvent(event: Stripe.EventBase): void {
    this.keep(this.events, event);
  }

  keepThinEvent(event: ThinEvent): void {
    this.keep(this.thinEvents, event);
  }

  /** Has so many more events kept before the oldest are forgotten. */
  makeRoomForEvents(count: number): void {
    this.room += count;
  }

  private keep<T extends { id: string }>(table: Map<string, T>, event: T): void {
    table.set(event.id, event);
    const [oldest] = table.keys();
    if (table.size > this.room && oldest !== undefined) table.delete(oldest);
  }

  /** Replaces a stored object and tells what its fields were before; says nothing when nothing changed. */
  update<T extends { id: string }>(table: Map<string, T>, type: Stripe.Event.Type, next: T): T {
    const before = table.get(next.id);
    table.set(next.id, next);
    if (before !== undefined) this.emitUpdate(type, before, next);
    return next;
  }

  /** Tells of a change, if there is any. */
  emitUpdate(type: Stripe.Event.Type, before: object, next: object): void {
    const previous = previousAttributes(toJson(before), toJson(next));
    if (Object.keys(previous).length > 0) this.emit(type, next, { previous });
  }

  /** Keeps the list of what a subscription still owes. */
  storeInvoice(invoice: Stripe.Invoice): void {
    this.invoices.set(invoice.id, invoice);
    const subscription = idOf(invoice.parent?.subscription_details?.subscription);
    if (subscription === null) return;
    const open = this.openInvoices.get(subscription) ?? new Set();
    if (invoice.status === 'open') open.add(invoice.id);
    else open.delete(invoice.id);
    this.openInvoices.set(subscription, open);
  }

  /** What a subscription still owes, oldest first. */
  unpaidInvoices(subscription: string): Stripe.Invoice[] {
    return [...(this.openInvoices.get(subscription) ?? [])].flatMap((id) => this.invoices.get(id) ?? []);
  }

  /** Any object by its id, for `expand`. */
  find(id: string): object | undefined {
    return this.tables()
      .map((table) => table.get(id))
      .find((found) => found !== undefined);
  }

  /** Back to a new account with the four plans, at wall time. */
  reset(): void {
    for (const table of [...this.tables(), this.authenticated, this.detached, this.announcedTrials]) table.clear();
    this.paymentByInvoice.clear();
    this.settings = initialSettings;
    this.room = usualRoom;
    this.clock.reset();
    seed(this, this.account.prices);
  }

  private tables(): Map<string, object>[] {
    return [
      this.customers,
      this.deletedCustomers,
      this.products,
      this.prices,
      this.coupons,
      this.promotionCodes,
      this.discounts,
      this.paymentMethods,
      this.subscriptions,
      this.schedules,
      this.invoices,
      this.invoiceItems,
      this.invoicePayments,
      this.paymentIntents,
      this.charges,
      this.refunds,
      this.disputes,
      this.openInvoices,
      this.debits,
      this.awaitingPayment,
      this.challenges,
      this.checkoutSessions,
      this.lineItems,
      this.subscriptionData,
      this.paymentData,
      this.portalSessions,
      this.events,
      this.thinEvents,
      this.cliSessions,
      this.answers,
    ];
  }
}
