import type { Account, SubscriptionView } from './account.js';
import type { DomainEventType, EventData } from './domain-events.js';

const subscription: SubscriptionView = {
  id: 'sub_sample',
  customer_id: 'cus_sample',
  price_id: 'price_pro_monthly',
  status: 'active',
  tier: 1,
  billing_cycle: 'monthly',
  current_period_start: '2026-11-01T00:00:00.000Z',
  current_period_end: '2026-12-01T00:00:00.000Z',
  cancel_at_period_end: false,
  cancel_at: null,
  canceled_at: null,
  trial_end: null,
  scheduled_change: null,
  is_active: true,
  is_canceled: false,
  will_renew: true,
};

const account: Account = {
  user_id: 'user-1',
  tier: 1,
  tier_name: 'pro',
  entitlements: {
    refresh_interval_seconds: 10,
    alerts_limit: 50,
    email_alerts: true,
    sms_alerts: false,
    export_formats: ['csv'],
  },
  subscription,
  action_required: null,
  version: 3,
  as_of: '2026-11-01T00:00:00.000Z',
};

const checkout = { user_id: 'user-1', tier: 1, billing_cycle: 'monthly', session_id: 'cs_test_sample' } as const;
const payment = {
  user_id: 'user-1',
  customer_id: 'cus_sample',
  subscription_id: 'sub_sample',
  invoice_id: 'in_sample',
  amount: 999,
  currency: 'usd',
};
const ended: SubscriptionView = {
  ...subscription,
  status: 'canceled',
  is_active: false,
  is_canceled: true,
  will_renew: false,
};

const drift = {
  run_id: '6c0a0d0e-5f4b-4a60-9d3c-0d6f3a1b2c3d',
  subscription_id: 'sub_sample',
  customer_id: 'cus_sample',
  user_id: 'user-1',
  kind: 'different',
  fields: [
    { field: 'status', ours: 'active', stripe: 'canceled' },
    { field: 'cancel_at', ours: null, stripe: '2026-12-01T00:00:00.000Z' },
  ],
} as const;

/** One golden sample per event: producers prove that they write this shape, consumers that they read it. */
export const samples: { [T in DomainEventType]: EventData<T> } = {
  'ingress.delivery.rejected': { code: 'signature_mismatch', count: 1, remote_address: '203.0.113.7' },
  'gateway.request.refused': {
    code: 'not_found',
    route: 'GET /v1/checkout-sessions/:id',
    target: 'cs_test_sample',
    user_id: 'user-1',
    remote_address: '203.0.113.7',
    count: 1,
  },
  'audit.trail.read': { what: 'entries', request: '/v1/entries?user_id=user-1&ip=…' },
  'billing.account.opened': { user_id: 'user-1', email: 'user-1@example.com' },
  'billing.customer.linked': { user_id: 'user-1', customer_id: 'cus_sample' },
  'billing.customer.relinked': {
    user_id: 'user-1',
    customer_id: 'cus_sample',
    former_customer_id: 'cus_deleted',
  },
  'billing.customer.assigned': {
    user_id: 'user-1',
    customer_id: 'cus_sample',
    reason: 'asked for by support',
    released_events: 2,
  },
  'billing.customer.left_unknown': {
    code: 'unknown_customer',
    customer_id: 'cus_sample',
    events: 2,
    oldest_at: '2026-11-01T00:00:00.000Z',
  },
  'billing.checkout.started': checkout,
  'billing.checkout.completed': checkout,
  'billing.checkout.expired': checkout,
  'billing.checkout.failed': { ...checkout, session_id: null, reason: 'stripe_unavailable' },
  'billing.checkout.settled': {
    user_id: 'user-1',
    customer_id: 'cus_sample',
    session_id: 'cs_test_sample',
    subscription_id: 'sub_sample',
    outcome: 'failed',
  },
  'billing.portal.opened': { user_id: 'user-1', customer_id: 'cus_sample' },
  'billing.cancellation.requested': {
    user_id: 'user-1',
    subscription_id: 'sub_sample',
    immediate: false,
    outcome: 'accepted',
  },
  'billing.resumption.requested': { user_id: 'user-1', subscription_id: 'sub_sample', outcome: 'accepted' },
  'billing.change.requested': {
    user_id: 'user-1',
    subscription_id: 'sub_sample',
    from: { tier: 1, billing_cycle: 'monthly' },
    to: { tier: 2, billing_cycle: 'yearly' },
    outcome: 'changed',
  },
  'billing.subscription.started': {
    user_id: 'user-1',
    subscription_id: 'sub_sample',
    before: null,
    after: subscription,
    reason: 'customer.subscription.created',
  },
  'billing.subscription.changed': {
    user_id: 'user-1',
    subscription_id: 'sub_sample',
    before: subscription,
    after: { ...subscription, cancel_at_period_end: true, will_renew: false },
    reason: 'customer.subscription.updated',
  },
  'billing.subscription.ended': {
    user_id: 'user-1',
    subscription_id: 'sub_sample',
    before: subscription,
    after: ended,
    reason: 'customer.subscription.deleted',
  },
  'billing.tier.changed': {
    user_id: 'user-1',
    from: 0,
    to: 1,
    reasons: [{ code: 'subscription_active', text: 'Subscription sub_sample is active on Pro.' }],
    at: '2026-11-01T00:00:00.000Z',
  },
  'billing.payment.succeeded': payment,
  'billing.payment.failed': payment,
  'billing.payment.action_required': payment,
  'billing.payment.refunded': { ...payment, amount: 500, amount_paid: 999 },
  'billing.payment.disputed': { ...payment, dispute_id: 'dp_sample', status: 'needs_response' },
  'billing.duplicate_subscription.found': {
    user_id: 'user-1',
    subscriptions: [
      { id: 'sub_sample', customer_id: 'cus_sample', status: 'active', tier: 1 },
      { id: 'sub_second', customer_id: 'cus_sample', status: 'past_due', tier: null },
    ],
  },
  'billing.account.changed': account,
  'billing.account.erasure_requested': {
    user_id: 'user-1',
    request_id: 'b1f6b0de-9d1a-4a57-8b57-3f0c6c2a1e55',
    reason: 'ticket 4711',
  },
  'billing.account.erasure_completed': {
    user_id: 'user-1',
    request_id: 'b1f6b0de-9d1a-4a57-8b57-3f0c6c2a1e55',
    service: 'subscription',
    counts: { raw_events: 12, parked_events: 1 },
  },
  'billing.reconcile.requested': {
    session_id: 'cs_test_sample',
    user_id: 'user-1',
    reason: 'checkout_not_confirmed',
  },
  'billing.drift.found': { ...drift, fields: [...drift.fields], dry_run: false },
  'billing.drift.repaired': { ...drift, fields: [...drift.fields] },
  'billing.event.parked': {
    event_id: 'evt_sample',
    event_type: 'stripe.invoice.paid',
    reason: 'unknown_customer',
    attempts: 5,
  },
  'billing.event.replayed': {
    event_id: 'evt_sample',
    event_type: 'stripe.invoice.paid',
    outcome_before: 'parked',
    outcome_after: 'applied',
    reason: null,
    note: 'customer linked by hand',
  },
  'audit.checkpoint.signed': {
    seq: 1000,
    recorded_at: '2026-11-23T09:00:00.123456Z',
    hash: '98675113f23f80722c5953d67029f89fb3cd2c99d24794cc72732b12bd5d3d5f',
    signed_at: '2026-11-23T09:00:01.000000Z',
    key_id: '0123456789abcdef',
    signature: 'bWFkZS11cCBzaWduYXR1cmU=',
  },
};
