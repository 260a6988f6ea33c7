import type Stripe from 'stripe';
import { newId } from '../world/ids.js';
import { isJsonObject } from '../world/json.js';

/** A v2 event as it is delivered: it names an object instead of carrying it. Dates are ISO 8601, unlike in v1. */
export interface ThinEvent {
  id: string;
  object: 'v2.core.event';
  type: string;
  created: string;
  livemode: boolean;
  related_object: { id: string; type: string; url: string };
  reason?: { type: 'request'; request: { id: string; idempotency_key: string } };
  /** The event it is the twin of. */
  snapshot_event: string;
}

const paths: Record<string, string> = {
  customer: '/v1/customers/',
  payment_method: '/v1/payment_methods/',
  'checkout.session': '/v1/checkout/sessions/',
  subscription: '/v1/subscriptions/',
  invoice: '/v1/invoices/',
  invoice_payment: '/v1/invoice_payments/',
  charge: '/v1/charges/',
  refund: '/v1/refunds/',
  dispute: '/v1/disputes/',
  subscription_schedule: '/v1/subscription_schedules/',
};

/** The twin of a snapshot event, or null when its object cannot be fetched here. */
export function aThinEvent(snapshot: Stripe.EventBase): ThinEvent | null {
  const object: unknown = snapshot.data.object;
  const { id, object: type } = isJsonObject(object) ? object : {};
  const path = typeof type === 'string' ? paths[type] : undefined;
  if (typeof id !== 'string' || typeof type !== 'string' || path === undefined) return null;
  const { request } = snapshot;
  return {
    id: newId('evt_'),
    object: 'v2.core.event',
    type: `v1.${snapshot.type}`,
    created: new Date(snapshot.created * 1000).toISOString(),
    livemode: snapshot.livemode,
    related_object: { id, type, url: path + id },
    ...(request?.id && {
      reason: { type: 'request', request: { id: request.id, idempotency_key: request.idempotency_key ?? '' } },
    }),
    snapshot_event: snapshot.id,
  };
}
