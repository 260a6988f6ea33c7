import { expect, it } from '@jest/globals';
import { noEvidence } from './evidence.js';
import type { Evidence } from './evidence.js';
import { unlinkedPayments } from './payment-links.js';
import { returnsToTell } from './returned-money.js';
import { aRefundRow, anInvoiceRow, day } from './rows.spec-support.js';

/** As since basil, where only an InvoicePayment leads from a refund to its invoice. */
function refundedInvoices(count: number): Evidence {
  const numbers = Array.from({ length: count }, (_, index) => index);
  return {
    ...noEvidence,
    invoices: numbers.map((n) => anInvoiceRow({ invoiceId: `in_${n}`, payments: [] })),
    invoicePayments: numbers.map((n) => ({
      invoicePaymentId: `inpay_${n}`,
      invoiceId: `in_${n}`,
      chargeId: null,
      paymentIntentId: `pi_${n}`,
      status: 'paid',
      amountPaid: 999,
      at: day(0),
    })),
    refunds: numbers.map((n) => aRefundRow({ refundId: `re_${n}`, chargeId: `ch_${n}`, paymentIntentId: `pi_${n}` })),
  };
}

it('what went back of five thousand invoices is found without comparing each with all others', () => {
  const evidence = refundedInvoices(5_000);
  const before = process.cpuUsage();
  expect(returnsToTell('user_1', evidence, () => null)).toHaveLength(5_000);
  expect(unlinkedPayments(evidence)).toEqual([]);
  // A third of a second; half a minute when each was compared with all.
  expect(process.cpuUsage(before).user / 1e6).toBeLessThan(5);
});

it('refunds of one payment whose invoice is not known are told as one, whichever of its ids they name', () => {
  const refunds = [
    aRefundRow({ refundId: 're_1', chargeId: null, paymentIntentId: 'pi_1' }),
    aRefundRow({ refundId: 're_2', chargeId: 'ch_1', paymentIntentId: 'pi_1' }),
    aRefundRow({ refundId: 're_3', chargeId: 'ch_1', paymentIntentId: null }),
    aRefundRow({ refundId: 're_4', chargeId: 'ch_2', paymentIntentId: 'pi_2' }),
  ];
  expect(unlinkedPayments({ ...noEvidence, refunds })).toMatchObject([
    { paymentIntentId: 'pi_1' },
    { paymentIntentId: 'pi_2' },
  ]);
});
