import {
  aCheckoutSession,
  anInvoice,
  aPrice,
  aStripeEvent,
  aSubscription,
  aSubscriptionItem,
  subscriptionParent,
} from '@billhook/testing';
import type { StripeEventBody } from '@billhook/testing';
import { randomFrom } from './random.js';
import type { Random } from './random.js';

/** What Stripe holds to be true of one subscription. */
export interface Truth {
  status: 'active' | 'past_due' | 'canceled';
  price: string;
  tier: number;
  /** Seconds. */
  periodEnd: number;
  cancelAtPeriodEnd: boolean;
}

/** One customer's life: what happened, in its order; how it is told, which is another; and what must come of it. */
export interface History {
  seed: number;
  userId: string;
  customerId: string;
  subscriptionId: string;
  events: StripeEventBody[];
  /** Every event at least once, some more often, in any order. */
  deliveries: StripeEventBody[];
  truth: Truth;
  /** The tiers that were ever justified, in order, Free first. */
  tiers: number[];
  /** `<invoice> succeeded` or `<invoice> failed <attempt>`: each is one payment, however often it is told. */
  payments: string[];
  /** The subscription as Stripe would answer for it today. */
  object: object;
}

const month = 30 * 86_400;
const fewestDeliveries = 30;
const tierOf: Record<string, number> = {
  price_pro_monthly: 1,
  price_pro_yearly: 1,
  price_elite_monthly: 2,
  price_elite_yearly: 2,
};

/** In every invoice's e-mail address: must not turn up in a log. */
export const canary = 'canary-of-the-fault-tests';

/** `begin` is in seconds, in the near past: grace periods run by the real clock. */
export function generateHistory(name: string, seed: number, begin: number): History {
  const writer = new Writer(name, randomFrom(seed), begin);
  writer.open();
  const steps = writer.random.between(9, 13);
  for (let step = 0; step < steps; step += 1) writer.step();
  if (writer.random.chance(0.3)) writer.end();
  return writer.finish(seed);
}

class Writer {
  private readonly events: StripeEventBody[] = [];
  private readonly payments: string[] = [];
  private readonly tiers = [0];
  private readonly userId: string;
  private readonly customerId: string;
  private readonly subscriptionId: string;
  /** Some customers are known by their checkout only: until it is delivered, whose the events are is not known. */
  private readonly isNamedEverywhere: boolean;
  private invoices = 0;
  private truth: Truth;

  constructor(
    private readonly name: string,
    readonly random: Random,
    private now: number,
  ) {
    this.userId = `user-${name}`;
    this.customerId = `cus_${name}`;
    this.subscriptionId = `sub_${name}`;
    this.isNamedEverywhere = random.chance(0.8);
    const price = random.pick(Object.keys(tierOf));
    this.truth = {
      status: 'active',
      price,
      tier: tierOf[price] ?? 0,
      periodEnd: now + month,
      cancelAtPeriodEnd: false,
    };
  }

  open(): void {
    const session = aCheckoutSession({
      id: `cs_test_${this.name}`,
      customer: this.customerId,
      subscription: this.subscriptionId,
      metadata: { user_id: this.userId },
    });
    this.tell('customer.subscription.created', this.toObject());
    this.tell('checkout.session.completed', session);
    this.tiers.push(this.truth.tier);
    this.pay();
  }

  step(): void {
    // Several changes of one second are what Stripe's clock cannot tell apart.
    if (!this.random.chance(0.2)) this.now += this.random.between(1, 60);
    const { status, price } = this.truth;
    const kind = this.random.pick(['plan', 'plan', 'cancel', 'cancel', 'renew', 'pay', 'note'] as const);
    if (kind === 'plan') {
      this.change({ price: this.random.pick(Object.keys(tierOf).filter((other) => other !== price)) });
    } else if (kind === 'cancel') {
      this.change({ cancelAtPeriodEnd: !this.truth.cancelAtPeriodEnd });
    } else if (kind === 'renew') {
      this.change({ periodEnd: this.truth.periodEnd + month });
      this.pay();
    } else if (kind === 'pay') {
      this.change({ status: status === 'active' ? 'past_due' : 'active' });
      if (status === 'active') this.fail();
      else this.pay();
    } else {
      this.tell('customer.updated', { id: this.customerId, object: 'customer', email: `${canary}@example.test` });
    }
  }

  end(): void {
    this.now += 1;
    this.truth = { ...this.truth, status: 'canceled' };
    this.tiers.push(0);
    this.tell('customer.subscription.deleted', this.toObject());
  }

  finish(seed: number): History {
    const { random, events, userId, customerId, subscriptionId, payments, tiers } = this;
    const again = Math.max(fewestDeliveries - events.length, random.between(3, 8));
    const duplicates = Array.from({ length: again }, () => random.pick(events));
    return {
      seed,
      userId,
      customerId,
      subscriptionId,
      events,
      deliveries: random.shuffled([...events, ...duplicates]),
      truth: { ...this.truth, tier: this.truth.status === 'canceled' ? 0 : this.truth.tier },
      tiers: tiers.filter((tier, index) => index === 0 || tier !== tiers[index - 1]),
      payments,
      object: this.toObject(),
    };
  }

  private change(changes: Partial<Truth>): void {
    const before = this.toObject();
    const was = this.truth;
    this.truth = { ...was, ...changes };
    this.truth.tier = tierOf[this.truth.price] ?? 0;
    this.tiers.push(this.truth.tier);
    const hasNewItems = was.price !== this.truth.price || was.periodEnd !== this.truth.periodEnd;
    this.tell('customer.subscription.updated', this.toObject(), {
      ...(was.status !== this.truth.status && { status: was.status }),
      ...(was.cancelAtPeriodEnd !== this.truth.cancelAtPeriodEnd && { cancel_at_period_end: was.cancelAtPeriodEnd }),
      ...(hasNewItems && { items: { data: before.items.data } }),
    });
  }

  /** Stripe tells of one payment by two events. */
  private pay(): void {
    const invoice = this.toInvoice();
    this.payments.push(`${invoice.id} succeeded`);
    this.tell('invoice.paid', invoice);
    this.tell('invoice.payment_succeeded', invoice);
  }

  private fail(): void {
    const attempt_count = this.random.between(1, 3);
    const invoice = { ...this.toInvoice(), status: 'open', amount_paid: 0, amount_remaining: 999, attempt_count };
    this.payments.push(`${invoice.id} failed ${attempt_count}`);
    this.tell('invoice.payment_failed', invoice);
  }

  private tell(type: string, object: object, previousAttributes?: object): void {
    const id = `evt_${this.name}_${this.events.length + 1}`;
    const created = this.now;
    this.events.push(aStripeEvent(type, object, { id, created, ...(previousAttributes && { previousAttributes }) }));
  }

  private get metadata(): Record<string, string> {
    return this.isNamedEverywhere ? { user_id: this.userId } : {};
  }

  private toInvoice() {
    this.invoices += 1;
    return anInvoice({
      id: `in_${this.name}_${this.invoices}`,
      customer: this.customerId,
      customer_email: `${canary}@example.test`,
      parent: subscriptionParent(this.subscriptionId, this.metadata),
    });
  }

  private toObject() {
    const { status, price, periodEnd, cancelAtPeriodEnd } = this.truth;
    const item = aSubscriptionItem({
      id: `si_${this.name}`,
      price: aPrice({ id: price }),
      subscription: this.subscriptionId,
      current_period_end: periodEnd,
      current_period_start: periodEnd - month,
    });
    const ended = status === 'canceled' ? { ended_at: this.now, canceled_at: this.now } : {};
    return aSubscription({
      id: this.subscriptionId,
      customer: this.customerId,
      status,
      cancel_at_period_end: cancelAtPeriodEnd,
      metadata: this.metadata,
      items: { object: 'list', data: [item], has_more: false, url: '' },
      ...ended,
    });
  }
}
