import { parseDomainEvent } from '@billhook/contracts';
import { describe, expect, it } from '@jest/globals';
import { noEvidence } from './evidence.js';
import type { ChargeRow, Evidence } from './evidence.js';
import { returnsToTell } from './returned-money.js';
import { aDisputeRow, anInvoiceRow, aRefundRow, day } from './rows.spec-support.js';
import { keyOf } from './stripe-object.js';

const charge: ChargeRow = {
  chargeId: 'ch_1',
  paymentIntentId: 'pi_1',
  invoiceId: null,
  amountRefunded: 999,
  currency: 'usd',
  at: day(3),
};

/** `told` is what was told before, by object. */
function tell(evidence: Partial<Evidence>, told: Record<string, string> = {}) {
  const known = { ...noEvidence, invoices: [anInvoiceRow()], ...evidence };
  return returnsToTell('user_1', known, (about) => told[keyOf(about)] ?? null);
}

function amounts(...of: Parameters<typeof tell>): unknown[] {
  return tell(...of).map(({ event }) => ('amount' in event.data ? event.data.amount : null));
}

describe('money that went back', () => {
  it('is told by its sum, which grows with each part', () => {
    const parts = [aRefundRow({ amount: 500 }), aRefundRow({ refundId: 're_2', amount: 499 })];
    expect(amounts({ refunds: parts.slice(0, 1) })).toEqual([500]);
    expect(amounts({ refunds: parts }, { 'invoice in_1': '500' })).toEqual([999]);
    expect(amounts({ refunds: parts }, { 'invoice in_1': '999' })).toEqual([]);
  });

  it('is told once, though both the refund and its charge tell of it', () => {
    const [first] = tell({ charges: [charge] });
    expect(first).toMatchObject({ about: { kind: 'invoice', id: 'in_1' }, state: '999' });
    expect(tell({ charges: [charge], refunds: [aRefundRow()] }, { 'invoice in_1': '999' })).toEqual([]);
  });

  it('is told to be back when a refund has failed, and not before one was told', () => {
    const refunds = [aRefundRow({ status: 'failed' })];
    expect(amounts({ refunds }, { 'invoice in_1': '999' })).toEqual([0]);
    expect(amounts({ refunds })).toEqual([]);
  });

  it('waits to be told until its invoice is known, and is told of a paid one only', () => {
    expect(tell({ invoices: [], refunds: [aRefundRow()] })).toEqual([]);
    expect(tell({ invoices: [anInvoiceRow({ amountPaid: 0 })], refunds: [aRefundRow()] })).toEqual([]);
  });

  it('fits its contract', () => {
    const tidings = tell({ refunds: [aRefundRow({ amount: 500 })], disputes: [aDisputeRow()] });
    expect(tidings.map(({ event }) => event.type)).toEqual(['billing.payment.refunded', 'billing.payment.disputed']);
    for (const { event } of tidings)
      expect(parseDomainEvent(event.type, JSON.stringify(event.data))).toEqual({ ok: true, data: event.data });
  });
});

describe('a dispute', () => {
  it('is told once for each status', () => {
    const disputes = [aDisputeRow({ status: 'under_review' })];
    const [told] = tell({ disputes }, { 'dispute dp_1': 'needs_response' });
    expect(told).toMatchObject({ state: 'under_review', event: { data: { dispute_id: 'dp_1', invoice_id: 'in_1' } } });
    expect(tell({ disputes }, { 'dispute dp_1': 'under_review' })).toEqual([]);
  });
});
