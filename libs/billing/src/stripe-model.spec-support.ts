import { toStripeFact } from './stripe-event.js';
import type { StripeFact } from './stripe-event.js';
import { toSubscriptionSnapshot } from './subscription-snapshot.js';
import type { SubscriptionSnapshot } from './subscription-snapshot.js';

/** What can happen to a customer. What makes no sense at its moment does not happen. */
export const actionKinds = [
  'subscribe',
  'startTrial',
  'endTrial',
  'pauseAfterTrial',
  'upgrade',
  'downgrade',
  'toUnknownPrice',
  'renew',
  'failRenewal',
  'recover',
  'giveUp',
  'pause',
  'resume',
  'pauseCollection',
  'resumeCollection',
  'scheduleEnd',
  'undoEnd',
  'cancel',
  'refund',
  'refundPartly',
  'failRefund',
  'inquire',
  'dispute',
  'winDispute',
  'loseDispute',
  'deleteCustomer',
] as const;

export interface Action {
  kind: (typeof actionKinds)[number];
  /** Which of two subscriptions it is about. */
  of: 'sub_1' | 'sub_2';
  /** Seconds since the action before; 0 crowds both into one second. */
  after: number;
}

export interface ModelEvent {
  id: string;
  type: string;
  /** Seconds. */
  second: number;
  fact: StripeFact;
}

interface RawSubscription {
  id: string;
  customer: string;
  created: number;
  status: string;
  items: { data: { id: string; price: string; current_period_start: number; current_period_end: number }[] };
  cancel_at_period_end: boolean;
  cancel_at: number | null;
  canceled_at: number | null;
  ended_at: number | null;
  trial_start: number | null;
  trial_end: number | null;
  status_details: object;
  pause_collection: object | null;
  latest_invoice: string | null;
  metadata: { user_id: string };
}

interface RawInvoice {
  id: string;
  customer: string;
  status: string;
  amount_paid: number;
  amount_remaining: number;
  attempt_count: number;
  currency: string;
  parent: object;
  lines: { data: object[] };
  status_transitions: { paid_at: number | null };
}

interface RawReturn {
  id: string;
  charge: string;
  payment_intent: string;
  amount: number;
  currency: string;
  status: string;
  reason: string;
  created: number;
}

const month = 30 * 86_400;
const prices = { pro: 'price_pro_monthly', elite: 'price_elite_monthly', unknown: 'price_legacy' };
const amounts: Record<string, number> = { [prices.pro]: 999, [prices.elite]: 2999, [prices.unknown]: 1500 };

/**
 * Stripe, as far as billing listens to it: it keeps the objects, and tells of each change with the whole object, the previous
 * attributes and a second. Written from Stripe's documentation, sharing nothing with the rules but the events it makes.
 */
export class StripeModel {
  readonly events: ModelEvent[] = [];
  /** Each subscription as it stood after each event. */
  private readonly moments: ReadonlyMap<string, RawSubscription>[] = [];
  private subscriptions = new Map<string, RawSubscription>();
  private readonly invoices = new Map<string, RawInvoice>();
  private readonly payments = new Map<string, object>();
  private readonly refunds = new Map<string, RawReturn>();
  private readonly disputes = new Map<string, RawReturn>();
  /** Read once for each state: asking for it again costs nothing. */
  private readonly snapshots = new Map<RawSubscription, SubscriptionSnapshot>();
  private isDeleted = false;
  private count = 0;

  constructor(private now: number) {}

  run(actions: readonly Action[]): void {
    for (const action of actions) {
      this.now += action.after;
      if (!this.isDeleted) this.act(action);
    }
  }

  /** Stripe's answer to whoever asks right after the event with this index. */
  askedAfter(index: number, id: string): { snapshot: SubscriptionSnapshot; at: Date } | null {
    const object = this.moments[index]?.get(id);
    const second = this.events[index]?.second;
    if (object === undefined || second === undefined) return null;
    return { snapshot: this.snapshotOf(object), at: new Date(second * 1000) };
  }

  get subscriptionIds(): string[] {
    return [...this.subscriptions.keys()];
  }

  /** What a sweep over Stripe's lists finds of money and of the customer, as facts of the last moment. */
  swept(): StripeFact[] {
    const paid = [...this.invoices.values()].filter(({ status }) => status === 'paid');
    return [
      ...[...this.invoices.values()].map((invoice) =>
        factOf(invoice.status === 'paid' ? 'invoice.paid' : 'invoice.payment_failed', invoice, this.now),
      ),
      ...paid.flatMap(({ id }) => this.payments.get(id) ?? []).map((p) => factOf('invoice_payment.paid', p, this.now)),
      ...[...this.refunds.values()].map((refund) => factOf('refund.updated', refund, this.now)),
      ...[...this.disputes.values()].map((dispute) => factOf('charge.dispute.updated', dispute, this.now)),
      ...(this.isDeleted ? [factOf('customer.deleted', { id: 'cus_1' }, this.now)] : []),
    ];
  }

  private snapshotOf(object: RawSubscription): SubscriptionSnapshot {
    const known = this.snapshots.get(object);
    if (known !== undefined) return known;
    const reading = toSubscriptionSnapshot(object);
    if (!reading.ok) throw new Error(`unreadable: ${reading.path}`);
    this.snapshots.set(object, reading.value);
    return reading.value;
  }

  private act({ kind, of }: Action): void {
    const current = this.subscriptions.get(of);
    if (current === undefined) return this.begin(kind, of);
    switch (current.status) {
      case 'canceled':
        return this.actOnMoney(kind, of);
      case 'past_due':
      case 'unpaid':
        return this.actOnUnpaid(kind, current);
      case 'paused':
        if (kind === 'resume') this.change(current, { status: 'active', status_details: {} });
        return this.actOnAny(kind, current);
      default:
        return this.actOnRunning(kind, current);
    }
  }

  private begin(kind: Action['kind'], id: string): void {
    if (kind !== 'subscribe' && kind !== 'startTrial') return;
    const isTrial = kind === 'startTrial';
    const end = this.now + (isTrial ? 14 * 86_400 : month);
    const item = { id: `si_${id}`, price: prices.pro, current_period_start: this.now, current_period_end: end };
    const created: RawSubscription = {
      id,
      customer: 'cus_1',
      created: this.now,
      status: isTrial ? 'trialing' : 'incomplete',
      items: { data: [item] },
      cancel_at_period_end: false,
      cancel_at: null,
      canceled_at: null,
      ended_at: null,
      trial_start: isTrial ? this.now : null,
      trial_end: isTrial ? end : null,
      status_details: {},
      pause_collection: null,
      latest_invoice: null,
      metadata: { user_id: 'user_1' },
    };
    this.put('created', created);
    if (!isTrial) this.change(created, { status: 'active', latest_invoice: this.pay(created, this.now, end) });
  }

  private actOnRunning(kind: Action['kind'], current: RawSubscription): void {
    const [item] = current.items.data;
    if (item === undefined) throw new Error('a subscription has an item');
    switch (kind) {
      case 'endTrial':
        if (current.status === 'trialing') this.nextPeriod(current, 'active');
        return;
      case 'pauseAfterTrial':
        if (current.status === 'trialing') this.pause(current, 'trial_end_without_payment_method');
        return;
      case 'upgrade':
        return this.toPrice(current, prices.elite);
      case 'downgrade':
        return this.toPrice(current, prices.pro);
      case 'toUnknownPrice':
        return this.toPrice(current, prices.unknown);
      case 'renew':
        this.now = Math.max(this.now, item.current_period_end);
        return this.nextPeriod(current, 'active');
      case 'failRenewal':
        this.now = Math.max(this.now, item.current_period_end);
        return this.nextPeriod(current, 'past_due');
      case 'pause':
        return this.pause(current, 'pause_requested');
      case 'pauseCollection':
        return this.change(current, { pause_collection: { behavior: 'void', resumes_at: null } });
      case 'resumeCollection':
        return this.change(current, { pause_collection: null });
      default:
        return this.actOnAny(kind, current);
    }
  }

  private actOnUnpaid(kind: Action['kind'], current: RawSubscription): void {
    const [item] = current.items.data;
    if (item === undefined) throw new Error('a subscription has an item');
    if (kind === 'recover') {
      const invoice = this.pay(current, item.current_period_start, item.current_period_end, current.latest_invoice);
      return this.change(current, { status: 'active', latest_invoice: invoice });
    }
    if (kind === 'giveUp') return this.change(current, { status: 'unpaid' });
    return this.actOnAny(kind, current);
  }

  private actOnAny(kind: Action['kind'], current: RawSubscription): void {
    switch (kind) {
      case 'scheduleEnd':
        return this.change(current, { cancel_at: current.items.data[0]?.current_period_end ?? null });
      case 'undoEnd':
        return this.change(current, { cancel_at: null });
      case 'cancel':
        return this.end(current);
      case 'deleteCustomer':
        return this.deleteCustomer();
      default:
        return this.actOnMoney(kind, current.id);
    }
  }

  private actOnMoney(kind: Action['kind'], subscriptionId: string): void {
    switch (kind) {
      case 'refund':
        return this.refund(subscriptionId, 1);
      case 'refundPartly':
        return this.refund(subscriptionId, 0.5);
      case 'failRefund':
        return this.failRefund(subscriptionId);
      case 'inquire':
        return this.openDispute(subscriptionId, 'warning_needs_response');
      case 'dispute':
        return this.openDispute(subscriptionId, 'needs_response');
      case 'winDispute':
        return this.closeDispute(subscriptionId, 'won');
      case 'loseDispute':
        return this.closeDispute(subscriptionId, 'lost');
      default:
        return;
    }
  }

  private toPrice(current: RawSubscription, price: string): void {
    const [item] = current.items.data;
    if (item === undefined || item.price === price) return;
    const items = { data: [{ ...item, price }] };
    const isPaid = price === prices.elite && current.status === 'active';
    const invoice = isPaid
      ? this.pay({ ...current, items }, this.now, item.current_period_end)
      : current.latest_invoice;
    this.change(current, { items, latest_invoice: invoice });
  }

  private nextPeriod(current: RawSubscription, status: 'active' | 'past_due'): void {
    const [item] = current.items.data;
    if (item === undefined) return;
    const [start, end] = [item.current_period_end, item.current_period_end + month];
    const items = { data: [{ ...item, current_period_start: start, current_period_end: end }] };
    const next = { ...current, items };
    const invoice = status === 'active' ? this.pay(next, start, end) : this.failToPay(next, start, end);
    this.change(current, { items, status, latest_invoice: invoice });
  }

  private pause(current: RawSubscription, reason: string): void {
    const paused = { type: 'subscription', transitioned_at: this.now, subscription: { type: reason } };
    this.change(current, { status: 'paused', status_details: { paused } });
  }

  private end(current: RawSubscription): void {
    this.put('deleted', { ...current, status: 'canceled', canceled_at: this.now, ended_at: this.now });
  }

  private deleteCustomer(): void {
    for (const subscription of this.subscriptions.values())
      if (subscription.status !== 'canceled') this.end(subscription);
    this.isDeleted = true;
    this.tell('customer.deleted', { id: 'cus_1' });
  }

  private change(current: RawSubscription, changes: Partial<RawSubscription>): void {
    const next = { ...current, ...changes };
    if (JSON.stringify(next) !== JSON.stringify(current)) this.put('updated', next, previousAttributes(current, next));
  }

  private put(kind: 'created' | 'updated' | 'deleted', next: RawSubscription, previous?: object): void {
    this.subscriptions = new Map(this.subscriptions).set(next.id, next);
    this.tell(`customer.subscription.${kind}`, next, previous);
  }

  private pay(subscription: RawSubscription, start: number, end: number, open: string | null = null): string {
    const id = open ?? this.nextId('in');
    const amount = amounts[subscription.items.data[0]?.price ?? ''] ?? 0;
    const invoice = invoiceOf(subscription, { id, amount, start, end, paidAt: this.now });
    this.invoices.set(id, invoice);
    const payment = {
      id: `inpay_${id}`,
      invoice: id,
      status: 'paid',
      amount_paid: amount,
      payment: { type: 'payment_intent', payment_intent: `pi_${id}` },
    };
    this.payments.set(id, payment);
    this.tell('invoice.paid', invoice);
    this.tell('invoice_payment.paid', payment);
    return id;
  }

  private failToPay(subscription: RawSubscription, start: number, end: number): string {
    const id = this.nextId('in');
    const amount = amounts[subscription.items.data[0]?.price ?? ''] ?? 0;
    const invoice = invoiceOf(subscription, { id, amount, start, end, paidAt: null });
    this.invoices.set(id, invoice);
    this.tell('invoice.payment_failed', invoice);
    return id;
  }

  private refund(subscriptionId: string, part: number): void {
    const invoice = this.lastPaid(subscriptionId);
    if (invoice === null || this.ofInvoice(this.refunds, invoice).length > 1) return;
    const refund = returnOf(this.nextId('re'), invoice, { amount: invoice.amount_paid * part, at: this.now });
    this.refunds.set(refund.id, refund);
    this.tell('refund.created', refund);
    const returned = this.ofInvoice(this.refunds, invoice).filter(({ status }) => status !== 'failed');
    const amount_refunded = returned.reduce((total, { amount }) => total + amount, 0);
    const charge = { id: refund.charge, customer: 'cus_1', payment_intent: refund.payment_intent, currency: 'usd' };
    this.tell('charge.refunded', { ...charge, amount: invoice.amount_paid, amount_refunded });
  }

  private failRefund(subscriptionId: string): void {
    const invoice = this.lastPaid(subscriptionId);
    const refund = invoice === null ? undefined : this.ofInvoice(this.refunds, invoice).at(-1);
    if (refund === undefined || refund.status === 'failed') return;
    const failed = { ...refund, status: 'failed' };
    this.refunds.set(refund.id, failed);
    this.tell('refund.failed', failed);
  }

  private openDispute(subscriptionId: string, status: string): void {
    const invoice = this.lastPaid(subscriptionId);
    if (invoice === null) return;
    const known = this.ofInvoice(this.disputes, invoice)[0];
    if (known !== undefined && !known.status.startsWith('warning_')) return;
    const dispute = {
      ...(known ?? returnOf(this.nextId('dp'), invoice, { amount: invoice.amount_paid, at: this.now })),
      status,
    };
    this.disputes.set(dispute.id, dispute);
    this.tell(known === undefined ? 'charge.dispute.created' : 'charge.dispute.updated', dispute);
  }

  private closeDispute(subscriptionId: string, status: string): void {
    const invoice = this.lastPaid(subscriptionId);
    const dispute = invoice === null ? undefined : this.ofInvoice(this.disputes, invoice)[0];
    if (dispute?.status !== 'needs_response') return;
    const closed = { ...dispute, status };
    this.disputes.set(closed.id, closed);
    this.tell('charge.dispute.closed', closed);
  }

  private lastPaid(subscriptionId: string): RawInvoice | null {
    const isOf = ({ parent, status }: RawInvoice) =>
      status === 'paid' && JSON.stringify(parent).includes(`"${subscriptionId}"`);
    return [...this.invoices.values()].filter(isOf).at(-1) ?? null;
  }

  private ofInvoice(returns: ReadonlyMap<string, RawReturn>, invoice: RawInvoice): RawReturn[] {
    return [...returns.values()].filter(({ payment_intent }) => payment_intent === `pi_${invoice.id}`);
  }

  private nextId(prefix: string): string {
    this.count += 1;
    return `${prefix}_${this.count}`;
  }

  private tell(type: string, object: object, previous?: object): void {
    const id = `evt_${this.events.length}`;
    this.events.push({ id, type, second: this.now, fact: factOf(type, object, this.now, { id, previous }) });
    this.moments.push(this.subscriptions);
  }
}

function factOf(
  type: string,
  object: object,
  created: number,
  { id = 'evt_swept', previous }: { id?: string; previous?: object | undefined } = {},
): StripeFact {
  const data = previous === undefined ? { object } : { object, previous_attributes: previous };
  const fact = toStripeFact({ id, type, created, data });
  if (!fact.ok) throw new Error(`${type}: cannot read ${fact.path}`);
  return fact.value;
}

/** As Stripe does: the previous values of the fields that changed, arrays whole. */
function previousAttributes(before: RawSubscription, after: RawSubscription): object {
  const changed = Object.entries(before).filter(
    ([name, value]) =>
      JSON.stringify(value) !== JSON.stringify(Object.entries(after).find(([key]) => key === name)?.[1]),
  );
  const previous = Object.fromEntries(changed);
  return 'status_details' in previous
    ? { ...previous, status_details: { paused: null, ...before.status_details } }
    : previous;
}

function invoiceOf(
  subscription: RawSubscription,
  terms: { id: string; amount: number; start: number; end: number; paidAt: number | null },
): RawInvoice {
  const { id, amount, start, end, paidAt } = terms;
  const details = { subscription: subscription.id, proration: false };
  const line = { amount, period: { start, end }, parent: { subscription_item_details: details } };
  return {
    id,
    customer: subscription.customer,
    status: paidAt === null ? 'open' : 'paid',
    amount_paid: paidAt === null ? 0 : amount,
    amount_remaining: paidAt === null ? amount : 0,
    attempt_count: 1,
    currency: 'usd',
    parent: { subscription_details: { subscription: subscription.id, metadata: subscription.metadata } },
    lines: { data: [line] },
    status_transitions: { paid_at: paidAt },
  };
}

function returnOf(id: string, invoice: RawInvoice, { amount, at }: { amount: number; at: number }): RawReturn {
  return {
    id,
    charge: `ch_${invoice.id}`,
    payment_intent: `pi_${invoice.id}`,
    amount: Math.floor(amount),
    currency: 'usd',
    status: 'succeeded',
    reason: 'requested_by_customer',
    created: at,
  };
}
