import type Stripe from 'stripe';
import { anEvent } from '../events/event.js';
import type { ThinEvent } from '../events/thin-event.js';
import type { StoredAnswer } from '../api/idempotency.js';
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

interface Circumstances {
  /** What the changed fields were before, for `previous_attributes`. */
  previous?: object;
  /** Default: the request at work, or the clock. */
  cause?: Cause;
}

/** So that a long run does not eat the memory: about 300 MB of events. */
const maxEvents = 100_000;

function keep<T extends { id: string }>(table: Map<string, T>, event: T): void {
  table.set(event.id, event);
  const [oldest] = table.keys();
  if (table.size > maxEvents && oldest !== undefined) table.delete(oldest);
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
  readonly invoices = new Map<string, Stripe.Invoice>();
  readonly invoicePayments = new Map<string, Stripe.InvoicePayment>();
  readonly checkoutSessions = new Map<string, Stripe.Checkout.Session>();
  /** By session id, because `line_items` is only sent when it is expanded. */
  readonly lineItems = new Map<string, Stripe.LineItem[]>();
  /** By session id: what the subscription will be made with once the session is paid. */
  readonly subscriptionData = new Map<string, { metadata: Stripe.Metadata; description: string | null }>();
  readonly portalSessions = new Map<string, Stripe.BillingPortal.Session>();
  readonly events = new Map<string, Stripe.EventBase>();
  readonly thinEvents = new Map<string, ThinEvent>();
  readonly answers = new Map<string, StoredAnswer>();

  private cause = theClock;
  private readonly listeners: Array<(event: Stripe.EventBase) => void> = [];

  constructor(
    readonly publicUrl: string,
    private readonly priceIds: PriceIds,
    private readonly endpoints: number,
  ) {
    seed(this, priceIds);
  }

  now(): number {
    return this.clock.now();
  }

  onEvent(listener: (event: Stripe.EventBase) => void): void {
    this.listeners.push(listener);
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

  /** The one place where events are made: a frozen copy of the object as it is now. */
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
      pending: this.endpoints,
    });
    keep(this.events, event);
    for (const listener of this.listeners) listener(event);
    return event;
  }

  keepThinEvent(event: ThinEvent): void {
    keep(this.thinEvents, event);
  }

  /** Replaces a stored object and tells what its fields were before; says nothing when nothing changed. */
  update<T extends { id: string }>(table: Map<string, T>, type: Stripe.Event.Type, next: T): T {
    const before = table.get(next.id);
    table.set(next.id, next);
    if (before === undefined) return next;
    const previous = previousAttributes(toJson(before), toJson(next));
    if (Object.keys(previous).length > 0) this.emit(type, next, { previous });
    return next;
  }

  /** Any object by its id, for `expand`. */
  find(id: string): object | undefined {
    return this.tables()
      .map((table) => table.get(id))
      .find((found) => found !== undefined);
  }

  /** Back to a new account with the four plans, at wall time. */
  reset(): void {
    for (const table of this.tables()) table.clear();
    this.clock.reset();
    seed(this, this.priceIds);
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
      this.invoices,
      this.invoicePayments,
      this.checkoutSessions,
      this.lineItems,
      this.subscriptionData,
      this.portalSessions,
      this.events,
      this.thinEvents,
      this.answers,
    ];
  }
}
