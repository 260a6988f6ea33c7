import { anInvoice, anInvoiceLine } from '@billhook/testing';
import type { StripeEventBody } from '@billhook/testing';
import type Stripe from 'stripe';
import type { CustomerStory } from './customer-story.spec-support.js';

/** What happens to the money of a customer's one invoice, as since API version 2025-03-31.basil: only the payment leads to it. */
export class MoneyStory {
  constructor(private readonly customer: CustomerStory) {}

  get invoiceId(): string {
    return `in_${this.customer.name}`;
  }

  invoicePaid(): StripeEventBody {
    return this.invoice('paid');
  }

  invoice(type: Parameters<CustomerStory['invoice']>[0], overrides: Partial<Stripe.Invoice> = {}): StripeEventBody {
    const { subscriptionId: subscription } = this.customer;
    const lines = { ...anInvoice().lines, data: [anInvoiceLine({ subscription })] };
    return this.customer.invoice(type, { lines, ...overrides });
  }

  invoicePaymentPaid(): StripeEventBody {
    const payment = { type: 'payment_intent', payment_intent: this.names.payment_intent };
    const paid = { invoice: this.invoiceId, status: 'paid', amount_paid: 999, payment };
    return this.event('invoice_payment.paid', 'inpay', paid, 1);
  }

  /** Of all of it, on the third day. */
  refunded(overrides: object = {}, second = 3 * 86_400): StripeEventBody {
    const refund = { ...this.names, amount: 999, currency: 'usd', status: 'succeeded', created: 1_793_750_400 };
    return this.event('refund.created', 're', { ...refund, ...overrides }, second);
  }

  /** The charge of the same payment, which tells the sum. */
  chargeRefunded(amount_refunded: number, second = 3 * 86_400): StripeEventBody {
    const { charge: id, payment_intent } = this.names;
    const { customerId: customer } = this.customer;
    const charge = { id, payment_intent, customer, amount: 999, amount_refunded, currency: 'usd' };
    return this.customer.event('charge.refunded', charge, second);
  }

  disputed(status: string, second = 4 * 86_400): StripeEventBody {
    const dispute = {
      ...this.names,
      amount: 999,
      currency: 'usd',
      status,
      reason: 'fraudulent',
      created: 1_793_836_800,
    };
    return this.event('charge.dispute.updated', 'dp', dispute, second);
  }

  customerDeleted(): StripeEventBody {
    return this.customer.event('customer.deleted', { id: this.customer.customerId, object: 'customer' }, 5 * 86_400);
  }

  private get names() {
    return { charge: `ch_${this.customer.name}`, payment_intent: `pi_${this.customer.name}` };
  }

  private event(type: string, prefix: string, object: object, second: number): StripeEventBody {
    return this.customer.event(type, { id: `${prefix}_${this.customer.name}`, ...object }, second);
  }
}
