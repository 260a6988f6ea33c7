import type { ChargeRow, DisputeRow, Evidence, InvoiceRow, RefundRow } from './evidence.js';
import type { PaymentReference } from './payment-facts.js';

/** What went back, or is disputed, of some payments; charges as far as they are known, whatever went back of them. */
export interface Returned {
  charges: readonly ChargeRow[];
  refunds: readonly RefundRow[];
  disputes: readonly DisputeRow[];
}

/** Of the payments of an invoice. */
export function returnedOf(invoice: InvoiceRow, evidence: Evidence): Returned {
  const index = indexOf(evidence);
  return returnedBy(paymentIdsOf(invoice, index), index);
}

/**
 * Refunds and disputes of payments whose invoice is not known: since API version 2025-03-31.basil only an InvoicePayment leads
 * there, and one that was missed has to be asked for (`invoice_payments` by their payment intent).
 */
export function unlinkedPayments(evidence: Evidence): PaymentReference[] {
  const returned = [...evidence.refunds, ...evidence.disputes, ...evidence.charges.filter(isRefunded)];
  if (returned.length === 0) return [];
  const index = indexOf(evidence);
  const known = new Set(evidence.invoices.flatMap((invoice) => paymentIdsOf(invoice, index)));
  const unlinked = returned.filter((reference) => !idsOf(reference).some((id) => known.has(id)));
  const told = new Set<string>();
  return unlinked.filter((reference) => {
    const ids = idsOf(reference);
    const isTold = ids.some((id) => told.has(id));
    for (const id of ids) told.add(id);
    return !isTold;
  });
}

function isRefunded({ amountRefunded }: { amountRefunded: number }): boolean {
  return amountRefunded > 0;
}

/** The ids of a payment: nothing else of Stripe's has one of them. */
function idsOf({ chargeId, paymentIntentId }: PaymentReference): string[] {
  return [chargeId, paymentIntentId].filter((id) => id !== null);
}

type ByPayment<Row> = ReadonlyMap<string, readonly Row[]>;

interface Index {
  /** The InvoicePayments and charges that name an invoice, by its id. */
  ofInvoice: ReadonlyMap<string, readonly PaymentReference[]>;
  charges: ByPayment<ChargeRow>;
  refunds: ByPayment<RefundRow>;
  disputes: ByPayment<DisputeRow>;
}

/** Made once for each evidence, which never changes: without it, what each of 500 invoices costs grows with the other 499. */
const indexes = new WeakMap<Evidence, Index>();

function indexOf(evidence: Evidence): Index {
  const known = indexes.get(evidence);
  if (known !== undefined) return known;
  const index = {
    ofInvoice: grouped([...evidence.invoicePayments, ...evidence.charges], ({ invoiceId }) =>
      invoiceId === null ? [] : [invoiceId],
    ),
    charges: grouped(evidence.charges, idsOf),
    refunds: grouped(evidence.refunds, idsOf),
    disputes: grouped(evidence.disputes, idsOf),
  };
  indexes.set(evidence, index);
  return index;
}

function grouped<Row>(rows: readonly Row[], keysOf: (row: Row) => string[]): ReadonlyMap<string, readonly Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    for (const key of keysOf(row)) {
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [row]);
      else group.push(row);
    }
  }
  return groups;
}

/**
 * What paid an invoice, by all that is known: the invoice itself, its InvoicePayments, and charges that name it. A charge names its
 * payment intent, as refunds and disputes do: whoever knows one of the two then knows both.
 */
function paymentIdsOf(invoice: InvoiceRow, index: Index): string[] {
  const ids = [...invoice.payments, ...(index.ofInvoice.get(invoice.invoiceId) ?? [])].flatMap(idsOf);
  const { charges, refunds, disputes } = returnedBy(ids, index);
  return [...ids, ...[...charges, ...refunds, ...disputes].flatMap(idsOf)];
}

function returnedBy(ids: readonly string[], { charges, refunds, disputes }: Index): Returned {
  return { charges: naming(ids, charges), refunds: naming(ids, refunds), disputes: naming(ids, disputes) };
}

function naming<Row>(ids: readonly string[], rows: ByPayment<Row>): Row[] {
  const found = ids.flatMap((id) => rows.get(id) ?? []);
  return found.length < 2 ? found : [...new Set(found)];
}
