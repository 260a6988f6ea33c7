import { describe, expect, it, test } from '@jest/globals';
import { actionRequired } from './action-required.js';
import { newerInvoice, noEvidence } from './evidence.js';
import type { InvoiceRow } from './evidence.js';
import { anInvoiceRow, aRow, day } from './rows.spec-support.js';

const url = 'https://invoice.stripe.test/i/made-up';
const open = anInvoiceRow({
  invoiceId: 'in_2',
  status: 'open',
  amountPaid: 0,
  paidAt: null,
  hostedInvoiceUrl: url,
  at: day(30),
});

function ask(status: string, ...invoices: InvoiceRow[]) {
  return actionRequired(aRow({ status }), { ...noEvidence, invoices });
}

describe('what a customer has to do', () => {
  test.each(['incomplete', 'past_due', 'unpaid'])('while %s is to pay the open invoice on its page', (status) => {
    expect(ask(status, anInvoiceRow(), open)).toEqual({ reason: 'payment_failed', invoice_id: 'in_2', url });
  });

  test.each(['active', 'trialing', 'paused', 'canceled', 'incomplete_expired'])('is nothing while %s', (status) => {
    expect(ask(status, open)).toBeNull();
  });

  it('is nothing that is known while no open invoice of the subscription is', () => {
    expect(ask('past_due', anInvoiceRow(), { ...open, subscriptionId: 'sub_2' })).toBeNull();
  });

  it('is the newest of several', () => {
    const newer = { ...open, invoiceId: 'in_3', at: day(60) };
    expect([ask('unpaid', open, newer), ask('unpaid', newer, open)]).toMatchObject([
      { invoice_id: 'in_3' },
      { invoice_id: 'in_3' },
    ]);
  });

  it('is to confirm where the bank wants that of the newest try, whichever of its two events comes first', () => {
    const toConfirm = { ...open, confirmAttempt: 1 };
    for (const row of [newerInvoice(open, toConfirm), newerInvoice(toConfirm, open)])
      expect(ask('incomplete', row)?.reason).toBe('payment_confirmation');
    const declined = { ...open, attemptCount: 2, at: day(32) };
    for (const row of [newerInvoice(declined, toConfirm), newerInvoice(toConfirm, declined)])
      expect(ask('incomplete', row)?.reason).toBe('payment_failed');
  });
});
