const types: ReadonlySet<string> = new Set([
  'charge.refund.updated',
  'charge.refunded',
  'checkout.session.async_payment_failed',
  'checkout.session.async_payment_succeeded',
  'checkout.session.completed',
  'checkout.session.expired',
  'customer.created',
  'customer.deleted',
  'customer.updated',
  'invoice.marked_uncollectible',
  'invoice.paid',
  'invoice.payment_action_required',
  'invoice.payment_failed',
  'invoice.payment_succeeded',
  'invoice.voided',
  'invoice_payment.paid',
]);
const families: readonly string[] = ['charge.dispute.', 'customer.subscription.', 'refund.', 'subscription_schedule.'];

/**
 * Whether an event of this type can tell billing anything: what a webhook endpoint for Billhook is subscribed to at least.
 * Stripe's list of events has every type there is, and several others for each of these.
 */
export function concernsBilling(type: string): boolean {
  return types.has(type) || families.some((family) => type.startsWith(family));
}
