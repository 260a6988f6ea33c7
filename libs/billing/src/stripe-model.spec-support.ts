import type { Answer } from './billing-state.spec-support.js';
import { unpaidSince } from './fetched-subscription.js';
import type { StripeFact } from './stripe-event.js';
import { moneyActions, StripeMoney } from './stripe-money.spec-support.js';
import { factOf, previousAttributes, prices } from './stripe-objects.spec-support.js';
import type { RawInvoice, RawSubscription } from './stripe-objects.spec-support.js';
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
  ...moneyActions,
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
  /** As Stripe sends them: the object, and what was different in it before. */
  object: object;
  previous: object | undefined;
  fact: StripeFact;
}

const month = 30 * 86_400;
/**
 * Stripe, as far as billing listens to it: it keeps the objects, and tells of each change with the whole object, the previous
 * attributes and a second. Written from Stripe's documentation, sharing nothing with the rules but the events it makes, and how an
 * answer is read off Stripe's lists.
 */
export class StripeModel {
  readonly events: ModelEvent[] = [];
  /** Each subscription as it stood after each event. */
  private readonly moments: ReadonlyMap<string, RawSubscription>[] = [];
  private readonly invoiceMoments: ReadonlyMap<string, RawInvoice>[] = [];
  private subscriptions = new Map<string, RawSubscription>();
  private readonly money = new StripeMoney(
    () => this.now,
    (type, object) => this.tell(type, object),
  );
  /** Read once for each state: asking for it again costs nothing. */
  private readonly snapshots = new Map<RawSubscription, SubscriptionSnapshot>();
  private isDeleted = false;

  constructor(private now: number) {}

  run(actions: readonly Action[]): void {
    for (const action of actions) {
      this.now += action.after;
      if (!this.isDeleted) this.act(action);
    }
  }

  /** Stripe's answer to whoever asks right after the event with this index. */
  askedAfter(index: number, id: string): Answer | null {
    const answer = this.answerAfter(index, id);
    if (answer === null) return null;
    const { object, at, unpaidSince: since } = answer;
    return { snapshot: this.snapshotOf(object), at, unpaidSince: since === null ? null : new Date(since * 1000) };
  }

  /** The same as Stripe sends it. */
  answerAfter(index: number, id: string): { object: RawSubscription; at: Date; unpaidSince: number | null } | null {
    const object = this.moments[index]?.get(id);
    const second = this.events[index]?.second;
    if (object === undefined || second === undefined) return null;
    const since = object.status === 'past_due' ? unpaidSince(this.invoicesAfter(index, id)) : null;
    return { object, at: new Date(second * 1000), unpaidSince: since };
  }

  /** Newest first, as Stripe lists them. */
  private invoicesAfter(index: number, id: string): RawInvoice[] {
    const all = [...(this.invoiceMoments[index]?.values() ?? [])];
    return all.filter(({ parent }) => parent.subscription_details.subscription === id).toReversed();
  }

  get subscriptionIds(): string[] {
    return [...this.subscriptions.keys()];
  }

  /** What a sweep over Stripe's lists finds of money and of the customer, as facts of the last moment. */
  swept(): StripeFact[] {
    const ofMoney = this.money.swept();
    return this.isDeleted ? [...ofMoney, factOf('customer.deleted', { id: 'cus_1' }, this.now)] : ofMoney;
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
    if (!isTrial) this.change(created, { status: 'active', latest_invoice: this.money.pay(created, this.now, end) });
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
      const invoice = this.money.pay(
        current,
        item.current_period_start,
        item.current_period_end,
        current.latest_invoice,
      );
      return this.change(current, { status: 'active', latest_invoice: invoice });
    }
    if (kind === 'giveUp') return this.change(current, { status: 'unpaid' });
    if (kind === 'failRenewal' && current.status === 'past_due')
      return this.failAgain(current, item.current_period_end);
    return this.actOnAny(kind, current);
  }

  /** Left past due when the tries for one period are over, it fails for the next one too. */
  private failAgain(current: RawSubscription, periodEnd: number): void {
    if (current.latest_invoice !== null) this.money.giveUpOn(current.latest_invoice);
    this.now = Math.max(this.now, periodEnd);
    this.nextPeriod(current, 'past_due');
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
    const happens = moneyActions.find((known) => known === kind);
    if (happens !== undefined) this.money.act(happens, subscriptionId);
  }

  private toPrice(current: RawSubscription, price: string): void {
    const [item] = current.items.data;
    if (item === undefined || item.price === price) return;
    const items = { data: [{ ...item, price }] };
    const isPaid = price === prices.elite && current.status === 'active';
    const invoice = isPaid
      ? this.money.pay({ ...current, items }, this.now, item.current_period_end)
      : current.latest_invoice;
    this.change(current, { items, latest_invoice: invoice });
  }

  private nextPeriod(current: RawSubscription, status: 'active' | 'past_due'): void {
    const [item] = current.items.data;
    if (item === undefined) return;
    const [start, end] = [item.current_period_end, item.current_period_end + month];
    const items = { data: [{ ...item, current_period_start: start, current_period_end: end }] };
    const next = { ...current, items };
    const invoice = status === 'active' ? this.money.pay(next, start, end) : this.money.failToPay(next, start, end);
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

  private tell(type: string, object: object, previous?: object): void {
    const id = `evt_${this.events.length}`;
    const fact = factOf(type, object, this.now, { id, previous });
    this.events.push({ id, type, second: this.now, object, previous, fact });
    this.moments.push(this.subscriptions);
    this.invoiceMoments.push(this.money.allInvoices);
  }
}
