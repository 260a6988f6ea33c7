import type { StripeFact } from './stripe-event.js';
import { amountOf, factOf, invoiceOf, returnOf } from './stripe-objects.spec-support.js';
import type { RawInvoice, RawReturn, RawSubscription } from './stripe-objects.spec-support.js';

/** What can happen to money that was paid. */
export const moneyActions = [
  'refund',
  'refundPartly',
  'failRefund',
  'inquire',
  'dispute',
  'winDispute',
  'loseDispute',
] as const;
export type MoneyAction = (typeof moneyActions)[number];

/** The part of the pretend Stripe that money is in: invoices, what paid them, and what went back. */
export class StripeMoney {
  private invoices: ReadonlyMap<string, RawInvoice> = new Map();
  private readonly payments = new Map<string, object>();
  private readonly refunds = new Map<string, RawReturn>();
  private readonly disputes = new Map<string, RawReturn>();
  private count = 0;

  constructor(
    private readonly now: () => number,
    private readonly tell: (type: string, object: object) => void,
  ) {}

  pay(subscription: RawSubscription, start: number, end: number, open: string | null = null): string {
    const id = open ?? this.nextId('in');
    const amount = amountOf(subscription);
    const finalizedAt = this.invoices.get(id)?.status_transitions.finalized_at ?? this.now();
    const invoice = invoiceOf(subscription, { id, finalizedAt, amount, start, end, paidAt: this.now() });
    this.keep(invoice);
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

  failToPay(subscription: RawSubscription, start: number, end: number): string {
    const id = this.nextId('in');
    const amount = amountOf(subscription);
    const invoice = invoiceOf(subscription, { id, finalizedAt: this.now(), amount, start, end, paidAt: null });
    this.keep(invoice);
    this.tell('invoice.payment_failed', invoice);
    return id;
  }

  /** As an account may be set to, once the last try has failed. */
  giveUpOn(id: string): void {
    const invoice = this.invoices.get(id);
    if (invoice?.status !== 'open') return;
    const given = { ...invoice, status: 'uncollectible' };
    this.keep(given);
    this.tell('invoice.marked_uncollectible', given);
  }

  /** As they stand now, oldest first. Never changes: the next state is another map. */
  get allInvoices(): ReadonlyMap<string, RawInvoice> {
    return this.invoices;
  }

  act(kind: MoneyAction, subscriptionId: string): void {
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
        return kind satisfies never;
    }
  }

  /** What a sweep over Stripe's lists finds, as facts of this moment. */
  swept(): StripeFact[] {
    const now = this.now();
    const paid = [...this.invoices.values()].filter(({ status }) => status === 'paid');
    return [
      ...[...this.invoices.values()].map((invoice) =>
        factOf(invoice.status === 'paid' ? 'invoice.paid' : 'invoice.payment_failed', invoice, now),
      ),
      ...paid.flatMap(({ id }) => this.payments.get(id) ?? []).map((p) => factOf('invoice_payment.paid', p, now)),
      ...[...this.refunds.values()].map((refund) => factOf('refund.updated', refund, now)),
      ...[...this.disputes.values()].map((dispute) => factOf('charge.dispute.updated', dispute, now)),
    ];
  }

  private keep(invoice: RawInvoice): void {
    this.invoices = new Map(this.invoices).set(invoice.id, invoice);
  }

  private refund(subscriptionId: string, part: number): void {
    const invoice = this.lastPaid(subscriptionId);
    if (invoice === null || this.ofInvoice(this.refunds, invoice).length > 1) return;
    const refund = returnOf(this.nextId('re'), invoice, { amount: invoice.amount_paid * part, at: this.now() });
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
      ...(known ?? returnOf(this.nextId('dp'), invoice, { amount: invoice.amount_paid, at: this.now() })),
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
}
