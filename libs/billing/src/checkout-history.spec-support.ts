import { aCheckoutSession, aCustomer, anInvoice, aSubscription } from '@billhook/testing';

const draft = { status: 'draft', amount_paid: 0, amount_remaining: 999, status_transitions: { paid_at: null } };

/**
 * What Stripe sends when somebody buys: a subscription that begins incomplete and is active once its first invoice is paid. Which
 * arrives first is chance; all of them carry one second or the next.
 */
export const checkoutHistory: [type: string, object: object, second: number, previousAttributes?: object][] = [
  ['customer.created', aCustomer(), 0],
  ['customer.subscription.created', aSubscription({ status: 'incomplete' }), 0],
  ['invoice.created', { ...anInvoice(), ...draft }, 0],
  ['payment_intent.succeeded', { id: 'pi_1', object: 'payment_intent', customer: 'cus_1', amount: 999 }, 1],
  ['invoice.paid', anInvoice(), 1],
  ['customer.subscription.updated', aSubscription(), 1, { status: 'incomplete' }],
  ['checkout.session.completed', aCheckoutSession(), 1],
];
