import type { ChargeFacts, DisputeFacts, InvoicePaymentFacts, RefundFacts } from './payment-facts.js';
import type { InvoiceFacts } from './invoice-facts.js';
import type { ScheduleFacts } from './schedule-facts.js';

/** What is kept of an event about money: what it said, and when Stripe said it. */
type Dated<Facts> = Facts & { at: Date };

export type InvoiceRow = Dated<
  Pick<
    InvoiceFacts,
    | 'invoiceId'
    | 'customerId'
    | 'subscriptionId'
    | 'status'
    | 'amountPaid'
    | 'currency'
    | 'covers'
    | 'paidAt'
    | 'payments'
    | 'attemptCount'
    | 'hostedInvoiceUrl'
  > & {
    /** The newest try of which the customer's bank wanted a confirmation; null when it never did. */
    confirmAttempt: number | null;
  }
>;
export type InvoicePaymentRow = Dated<InvoicePaymentFacts>;
export type ChargeRow = Dated<
  Pick<ChargeFacts, 'chargeId' | 'paymentIntentId' | 'invoiceId' | 'amountRefunded' | 'currency'>
>;
export type RefundRow = Dated<Omit<RefundFacts, 'customerId' | 'createdAt'>>;
export type DisputeRow = Dated<Omit<DisputeFacts, 'createdAt' | 'reason'>>;
export type ScheduleRow = Dated<ScheduleFacts>;
export type DeletedCustomerRow = Dated<{ customerId: string }>;

/**
 * All that is known of a user beside subscriptions, most of it about money, one row for each of Stripe's objects. Which invoice a
 * refund is of is worked out each time anew from these rows, so that it does not matter which of them arrived first.
 */
export interface Evidence {
  invoices: readonly InvoiceRow[];
  invoicePayments: readonly InvoicePaymentRow[];
  charges: readonly ChargeRow[];
  refunds: readonly RefundRow[];
  disputes: readonly DisputeRow[];
  schedules: readonly ScheduleRow[];
  /** Stripe ends the subscriptions of a customer who is deleted, and never brings one back. */
  deletedCustomerIds: readonly string[];
}

export const noEvidence: Evidence = {
  invoices: [],
  invoicePayments: [],
  charges: [],
  refunds: [],
  disputes: [],
  schedules: [],
  deletedCustomerIds: [],
};

/**
 * Which of two snapshots of the same object stands. The choice does not depend on their order: what is final wins, then the later
 * second, then what comes later in the object's life, then the greater amount; and of two that only Stripe could tell apart always
 * the same one.
 */
export function newerInvoice(current: InvoiceRow | null, next: InvoiceRow): InvoiceRow {
  const row = newest(current, next, ({ status, at, amountPaid, attemptCount }) => [
    rank(finalInvoiceStatuses, status),
    at.getTime(),
    rank(invoiceLife, status),
    amountPaid,
    attemptCount,
  ]);
  const confirmAttempt = laterTry(current?.confirmAttempt ?? null, next.confirmAttempt);
  return confirmAttempt === row.confirmAttempt ? row : { ...row, confirmAttempt };
}

/** That a bank wants a confirmation is told by one event, that the try has failed by another, in the same second. */
function laterTry(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.max(a, b);
}

export function newerInvoicePayment(current: InvoicePaymentRow | null, next: InvoicePaymentRow): InvoicePaymentRow {
  return newest(current, next, (row) => [row.at.getTime(), rank(invoicePaymentLife, row.status), row.amountPaid]);
}

export function newerCharge(current: ChargeRow | null, next: ChargeRow): ChargeRow {
  return newest(current, next, (row) => [row.at.getTime(), row.amountRefunded]);
}

/** A refund that has failed, or was canceled, never succeeds: Stripe makes a new one. */
export function newerRefund(current: RefundRow | null, next: RefundRow): RefundRow {
  return newest(current, next, (row) => [
    rank(finalRefundStatuses, row.status),
    row.at.getTime(),
    rank(refundLife, row.status),
  ]);
}

/** No status of a dispute is final: an inquiry escalates, a lost one is appealed, a won one goes to arbitration. */
export function newerDispute(current: DisputeRow | null, next: DisputeRow): DisputeRow {
  return newest(current, next, (row) => [row.at.getTime(), rank(disputeLife, row.status)]);
}

/** A schedule ends once. One that is made and then given its phases within a second ends up with the more of them. */
export function newerSchedule(current: ScheduleRow | null, next: ScheduleRow): ScheduleRow {
  return newest(current, next, (row) => [
    rank(finalScheduleStatuses, row.status),
    row.at.getTime(),
    rank(scheduleLife, row.status),
    row.nextPhases.length,
  ]);
}

export function newerDeletedCustomer(current: DeletedCustomerRow | null, next: DeletedCustomerRow): DeletedCustomerRow {
  return newest(current, next, (row) => [row.at.getTime()]);
}

const invoiceLife = ['draft', 'open', 'uncollectible', 'void', 'paid'];
const finalInvoiceStatuses = ['void', 'paid'];
const invoicePaymentLife = ['open', 'canceled', 'paid'];
const refundLife = ['pending', 'requires_action', 'succeeded', 'canceled', 'failed'];
const finalRefundStatuses = ['canceled', 'failed'];
const disputeLife = [
  'warning_needs_response',
  'warning_under_review',
  'warning_closed',
  'needs_response',
  'under_review',
  'appeal_needs_response',
  'appeal_under_review',
  'lost',
  'prevented',
  'won',
];

const scheduleLife = ['not_started', 'active', 'completed', 'released', 'canceled'];
const finalScheduleStatuses = ['completed', 'released', 'canceled'];

/** -1 for what Stripe adds next. */
function rank(life: readonly string[], status: string | null): number {
  return status === null ? -1 : life.indexOf(status);
}

function newest<Row>(current: Row | null, next: Row, ranksOf: (row: Row) => readonly number[]): Row {
  if (current === null) return next;
  const [ranks, others] = [ranksOf(next), ranksOf(current)];
  const difference = ranks.map((value, index) => value - (others[index] ?? 0)).find((value) => value !== 0) ?? 0;
  if (difference !== 0) return difference > 0 ? next : current;
  return JSON.stringify(next) > JSON.stringify(current) ? next : current;
}
