/** The events that Stripe's documentation lists around subscriptions and payments, and some that are none of ours. */
export const knownTypes: readonly string[] = [
  ...['created', 'deleted', 'updated'].map((what) => `customer.${what}`),
  ...['created', 'deleted', 'updated'].flatMap((what) => [
    `customer.source.${what}`,
    `price.${what}`,
    `product.${what}`,
  ]),
  ...['created', 'deleted', 'updated', 'paused', 'resumed', 'trial_will_end'].map(
    (what) => `customer.subscription.${what}`,
  ),
  ...['pending_update_applied', 'pending_update_expired'].map((what) => `customer.subscription.${what}`),
  ...[
    'created',
    'paid',
    'finalized',
    'payment_failed',
    'payment_succeeded',
    'payment_action_required',
    'upcoming',
    'voided',
    'marked_uncollectible',
    'updated',
  ].map((what) => `invoice.${what}`),
  ...['completed', 'expired', 'async_payment_failed', 'async_payment_succeeded'].map(
    (what) => `checkout.session.${what}`,
  ),
  ...['captured', 'failed', 'pending', 'refunded', 'succeeded', 'refund.updated'].map((what) => `charge.${what}`),
  ...['created', 'closed', 'funds_withdrawn', 'funds_reinstated', 'updated'].map((what) => `charge.dispute.${what}`),
  ...['created', 'failed', 'updated'].map((what) => `refund.${what}`),
  ...['aborted', 'canceled', 'completed', 'created', 'expiring', 'released', 'updated'].map(
    (what) => `subscription_schedule.${what}`,
  ),
  ...['created', 'succeeded', 'payment_failed'].map((what) => `payment_intent.${what}`),
  'invoice_payment.paid',
  'payment_method.attached',
  'entitlements.active_entitlement_summary.updated',
];
