import { describe, expect, it, test } from '@jest/globals';
import { newerCharge, newerDispute, newerInvoice, newerInvoicePayment, newerRefund, noEvidence } from './evidence.js';
import type { ChargeRow, Evidence, InvoicePaymentRow } from './evidence.js';
import { moneyAlerts } from './money-alerts.js';
import { unlinkedPayments } from './payment-links.js';
import { revocationOf } from './revocation.js';
import { aDisputeRow, anInvoiceRow, aRefundRow, day } from './rows.spec-support.js';

const paid = anInvoiceRow();
/** As since basil: the invoice does not say what paid it. */
const unnamed = anInvoiceRow({ payments: [] });
const link: InvoicePaymentRow = {
  invoicePaymentId: 'inpay_1',
  invoiceId: 'in_1',
  chargeId: null,
  paymentIntentId: 'pi_1',
  status: 'paid',
  amountPaid: 999,
  at: day(0),
};
const charge: ChargeRow = {
  chargeId: 'ch_1',
  paymentIntentId: 'pi_1',
  invoiceId: null,
  amountRefunded: 999,
  currency: 'usd',
  at: day(3),
};

function ask(evidence: Partial<Evidence>, now = day(5)) {
  return revocationOf('sub_1', { ...noEvidence, ...evidence }, now)?.by ?? null;
}

describe('a refund', () => {
  it('of all that was paid revokes the period, a part of it does not', () => {
    expect(ask({ invoices: [paid], refunds: [aRefundRow()] })).toBe('refund');
    expect(ask({ invoices: [paid], refunds: [aRefundRow({ amount: 998 })] })).toBeNull();
  });

  it('in parts revokes once the parts make the whole', () => {
    const parts = [aRefundRow({ amount: 500 }), aRefundRow({ refundId: 're_2', amount: 499 })];
    expect(ask({ invoices: [paid], refunds: parts.slice(0, 1) })).toBeNull();
    expect(ask({ invoices: [paid], refunds: parts })).toBe('refund');
  });

  test.each(['failed', 'canceled', 'invented'])('that is %s revokes nothing', (status) => {
    expect(ask({ invoices: [paid], refunds: [aRefundRow({ status })] })).toBeNull();
  });

  it('told by the charge alone, as older versions do, revokes too', () => {
    expect(ask({ invoices: [paid], charges: [charge] })).toBe('refund');
    const byInvoice = { ...charge, paymentIntentId: null, invoiceId: 'in_1' };
    expect(ask({ invoices: [unnamed], charges: [byInvoice] })).toBe('refund');
  });

  it('that failed after the charge was last heard of gives the period back', () => {
    const failed = aRefundRow({ status: 'failed', at: day(4) });
    expect(ask({ invoices: [paid], charges: [charge], refunds: [failed] })).toBeNull();
  });

  it('that failed within the very second in which the charge was last heard of gives it back too', () => {
    const failed = aRefundRow({ status: 'failed', at: charge.at });
    expect(ask({ invoices: [paid], charges: [charge], refunds: [failed] })).toBeNull();
    expect(ask({ invoices: [paid], charges: [{ ...charge, at: day(4) }], refunds: [failed] })).toBe('refund');
  });

  it('of another invoice, or of another subscription, is of no concern', () => {
    const other = anInvoiceRow({ invoiceId: 'in_9', payments: [{ chargeId: null, paymentIntentId: 'pi_9' }] });
    const elsewhere = { ...paid, subscriptionId: 'sub_2' };
    expect(ask({ invoices: [other], refunds: [aRefundRow()] })).toBeNull();
    expect(ask({ invoices: [elsewhere], refunds: [aRefundRow()] })).toBeNull();
  });

  it('of an invoice of nothing cannot be', () => {
    expect(ask({ invoices: [{ ...paid, amountPaid: 0 }], refunds: [aRefundRow({ amount: 0 })] })).toBeNull();
  });
});

describe('a dispute', () => {
  test.each<[string, string | null]>([
    ['warning_needs_response', null],
    ['warning_under_review', null],
    ['warning_closed', null],
    ['warning_invented', null],
    ['needs_response', 'dispute'],
    ['under_review', 'dispute'],
    ['lost', 'dispute'],
    ['appeal_needs_response', 'dispute'],
    ['appeal_under_review', 'dispute'],
    ['won', null],
    ['prevented', null],
    ['charge_refunded', null],
    ['invented', null],
  ])('that is %s revokes: %s', (status, by) => {
    expect(ask({ invoices: [paid], disputes: [aDisputeRow({ status })] })).toBe(by);
  });
});

describe('what was revoked comes back', () => {
  const next = anInvoiceRow({
    invoiceId: 'in_2',
    covers: { start: day(30), end: day(60) },
    paidAt: day(30),
    at: day(30),
    payments: [{ chargeId: null, paymentIntentId: 'pi_2' }],
  });
  const disputes = [aDisputeRow()];

  it('with a newer paid invoice, once its period has begun', () => {
    expect(ask({ invoices: [paid, next], disputes }, day(29))).toBe('dispute');
    expect(ask({ invoices: [paid, next], disputes }, day(30))).toBeNull();
  });

  it('not by the end of the period alone: nothing has been paid for the next', () => {
    expect(ask({ invoices: [paid], disputes }, day(45))).toBe('dispute');
    expect(ask({ invoices: [paid, { ...next, status: 'open', amountPaid: 0 }], disputes }, day(45))).toBe('dispute');
  });

  it('with the next period where a discount makes it cost nothing', () => {
    expect(ask({ invoices: [paid, { ...next, amountPaid: 0 }], disputes }, day(31))).toBeNull();
  });

  it('not with an invoice of nothing for the same period', () => {
    const credit = anInvoiceRow({ invoiceId: 'in_3', amountPaid: 0, paidAt: day(4), payments: [] });
    expect(ask({ invoices: [paid, credit], disputes })).toBe('dispute');
  });

  it('with what is paid for an upgrade in the same period', () => {
    const upgrade = { ...next, covers: { start: day(4), end: day(30) }, paidAt: day(4) };
    expect(ask({ invoices: [paid, upgrade], disputes })).toBeNull();
  });
});

describe('what was paid beside it for the same period, as before an upgrade', () => {
  const upgrade = anInvoiceRow({
    invoiceId: 'in_2',
    covers: { start: day(4), end: day(30) },
    amountPaid: 2_000,
    paidAt: day(4),
    payments: [{ chargeId: null, paymentIntentId: 'pi_2' }],
  });
  const difference = aRefundRow({ refundId: 're_2', chargeId: null, paymentIntentId: 'pi_2', amount: 2_000 });
  const invoices = [paid, upgrade];

  it('still pays for it when only the difference is refunded', () => {
    expect(ask({ invoices, refunds: [difference] })).toBeNull();
  });

  it('pays for nothing once it went back too, by a refund or a chargeback', () => {
    expect(ask({ invoices, refunds: [difference, aRefundRow()] })).toBe('refund');
    expect(ask({ invoices, refunds: [difference], disputes: [aDisputeRow()] })).toBe('refund');
  });

  it('does not stand in for a difference that is charged back', () => {
    const disputes = [aDisputeRow({ chargeId: null, paymentIntentId: 'pi_2' })];
    expect(ask({ invoices, disputes })).toBe('dispute');
  });

  it('does not pay for a year that was begun within its month', () => {
    const year = { ...upgrade, covers: { start: day(4), end: day(369) } };
    expect(ask({ invoices: [paid, year], refunds: [difference] })).toBe('refund');
  });
});

describe('an invoice of a month long gone that is paid at last', () => {
  const late = anInvoiceRow({ paidAt: day(40) });
  const month = anInvoiceRow({
    invoiceId: 'in_2',
    covers: { start: day(30), end: day(60) },
    paidAt: day(30),
    payments: [{ chargeId: null, paymentIntentId: 'pi_2' }],
  });
  const byMonth = { chargeId: 'ch_2', paymentIntentId: 'pi_2' };

  it('does not stand in for the month that runs: what went back of that still ends the tier', () => {
    expect(ask({ invoices: [late, month], refunds: [aRefundRow(byMonth)] }, day(45))).toBe('refund');
    expect(ask({ invoices: [late, month], disputes: [aDisputeRow(byMonth)] }, day(45))).toBe('dispute');
  });

  it('takes nothing from the month that runs when it goes back itself', () => {
    expect(ask({ invoices: [late, month], refunds: [aRefundRow()] }, day(45))).toBeNull();
  });
});

describe('the way from a payment to its invoice', () => {
  it('is the InvoicePayment since basil, whichever of its two names a refund or dispute goes by', () => {
    const refunds = [aRefundRow({ chargeId: null })];
    expect(ask({ invoices: [unnamed], invoicePayments: [link], refunds })).toBe('refund');
    expect(ask({ invoices: [unnamed], invoicePayments: [link], disputes: [aDisputeRow()] })).toBe('dispute');
  });

  it('may lead over the charge, which knows both names', () => {
    const byCharge = { ...link, chargeId: 'ch_1', paymentIntentId: null };
    const refunds = [aRefundRow({ chargeId: null })];
    expect(ask({ invoices: [unnamed], invoicePayments: [byCharge], refunds })).toBeNull();
    expect(ask({ invoices: [unnamed], invoicePayments: [byCharge], refunds, charges: [charge] })).toBe('refund');
  });

  it('that is missing revokes nothing, and is said, once for each payment', () => {
    const evidence = { ...noEvidence, invoices: [unnamed], refunds: [aRefundRow()], disputes: [aDisputeRow()] };
    expect(ask(evidence)).toBeNull();
    expect(unlinkedPayments(evidence)).toMatchObject([{ chargeId: 'ch_1', paymentIntentId: 'pi_1' }]);
    expect(unlinkedPayments({ ...evidence, invoicePayments: [link] })).toEqual([]);
  });
});

describe('two snapshots of one object', () => {
  const invoice = (status: string, at: Date, amountPaid = 0) => anInvoiceRow({ status, at, amountPaid });
  const refund = (status: string, at: Date) => aRefundRow({ status, at });
  const dispute = (status: string, at: Date) => aDisputeRow({ status, at });
  const payment = (status: string, at: Date) => ({ ...link, status, at });
  const returned = (amountRefunded: number, at: Date) => ({ ...charge, amountRefunded, at });

  function bothWays<Row>(newer: (a: Row | null, b: Row) => Row, older: Row, later: Row) {
    expect(newer(older, later)).toBe(later);
    expect(newer(later, older)).toBe(later);
    expect(newer(null, older)).toBe(older);
  }

  it('are told apart by their second, in whatever order they come', () => {
    bothWays(newerInvoice, invoice('open', day(1)), invoice('uncollectible', day(2)));
    bothWays(newerDispute, dispute('won', day(1)), dispute('lost', day(2)));
    bothWays(newerRefund, refund('pending', day(1)), refund('succeeded', day(2)));
    bothWays(newerInvoicePayment, payment('paid', day(1)), payment('canceled', day(2)));
    bothWays(newerCharge, returned(999, day(1)), returned(0, day(2)));
  });

  it('of one second are told apart by what comes later in a life', () => {
    bothWays(newerInvoice, invoice('draft', day(1)), invoice('open', day(1)));
    bothWays(newerDispute, dispute('needs_response', day(1)), dispute('lost', day(1)));
    bothWays(newerRefund, refund('pending', day(1)), refund('succeeded', day(1)));
    bothWays(newerInvoicePayment, payment('open', day(1)), payment('paid', day(1)));
    bothWays(newerCharge, returned(500, day(1)), returned(999, day(1)));
  });

  it('of which one is final: it stands, though its second is the earlier', () => {
    bothWays(newerInvoice, invoice('open', day(2)), invoice('paid', day(1), 999));
    bothWays(newerRefund, refund('succeeded', day(2)), refund('failed', day(1)));
  });
});

describe('an operator is told', () => {
  const codes = (evidence: Partial<Evidence>) => moneyAlerts({ ...noEvidence, ...evidence }).map(({ code }) => code);

  it('of money that went back from an invoice that nobody knows', () => {
    expect(codes({ refunds: [aRefundRow()], disputes: [aDisputeRow()] })).toEqual(['payment_of_unknown_invoice']);
    expect(codes({ invoices: [paid], refunds: [aRefundRow()] })).toEqual([]);
  });

  it('of a dispute whose status is not understood', () => {
    const disputes = [aDisputeRow({ status: 'invented' })];
    expect(codes({ invoices: [paid], disputes })).toEqual(['dispute_status_unknown']);
  });
});
