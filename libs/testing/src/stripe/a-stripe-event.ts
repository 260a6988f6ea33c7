import { randomBytes } from 'node:crypto';
import { started } from './moments.js';

export interface StripeEventOverrides {
  id?: string;
  /** seconds */
  created?: number;
  previousAttributes?: object;
  apiVersion?: string;
  livemode?: boolean;
  /** only events of connected accounts name one */
  account?: string;
}

/**
 * What Stripe POSTs. Its own type rather than `Stripe.Event`, which allows only the object that belongs to each type: specs
 * also need the types that Stripe will invent next year, and objects that are none.
 */
export interface StripeEventBody {
  id: string;
  object: 'event';
  account?: string;
  api_version: string;
  created: number;
  data: { object: object; previous_attributes?: object };
  livemode: boolean;
  pending_webhooks: number;
  request: { id: string | null; idempotency_key: string | null };
  type: string;
}

/** An event around an object, with a fresh id unless one is given. */
export function aStripeEvent(type: string, object: object, overrides: StripeEventOverrides = {}): StripeEventBody {
  const { id, created, previousAttributes, apiVersion, livemode, account } = overrides;
  return {
    id: id ?? `evt_${randomBytes(8).toString('hex')}`,
    object: 'event',
    ...(account !== undefined && { account }),
    api_version: apiVersion ?? '2026-10-28.endive',
    created: created ?? started,
    data: { object, ...(previousAttributes !== undefined && { previous_attributes: previousAttributes }) },
    livemode: livemode ?? false,
    pending_webhooks: 1,
    request: { id: 'req_1', idempotency_key: null },
    type,
  };
}
