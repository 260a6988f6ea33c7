import { isJsonObject } from '../world/json.js';
import type { Json, JsonObject } from '../world/json.js';

/** What an older shape holds that the newer one only leads to. Objects come in the shape that is being rendered. */
export interface Lookup {
  object: (id: string) => JsonObject | null;
  /** The intent and the charge that an invoice is paid with. */
  paymentOf: (invoice: string) => { intent: string | null; charge: string | null };
  /** The invoice that a payment intent pays. */
  invoiceOf: (intent: string) => string | null;
  /** The refunds of a charge, newest first. */
  refundsOf: (charge: string) => JsonObject[];
}

/** Turns an object of this version into what it was before. */
type Undo = (node: JsonObject, lookup: Lookup) => JsonObject;

export interface VersionChange {
  since: string;
  /** By the object's own `object`. */
  undo: Record<string, Undo>;
}

function without(node: JsonObject, ...names: string[]): JsonObject {
  return Object.fromEntries(Object.entries(node).filter(([name]) => !names.includes(name)));
}

const at = (node: Json | undefined, ...path: (string | number)[]): Json => {
  const found = path.reduce<Json | undefined>((current, step) => {
    if (Array.isArray(current)) return typeof step === 'number' ? current[step] : undefined;
    return isJsonObject(current) ? current[step] : undefined;
  }, node);
  return found ?? null;
};

const whole = (value: Json, lookup: Lookup): Json => (typeof value === 'string' ? lookup.object(value) : value);
const textOf = (value: Json): string => (typeof value === 'string' ? value : '');

/** Newest first. Each change is what Stripe's changelog says of that release, as far as it concerns what is modelled here. */
export const versionChanges: readonly VersionChange[] = [
  {
    since: '2026-09-30.endive',
    undo: {
      // Pauses with a reason came with the pause endpoint.
      subscription: (node) => without(node, 'status_details'),
      dispute: (node) => without(node, 'intended_submission_method'),
      subscription_schedule: (node) => without(node, 'pause_schedules'),
    },
  },
  {
    since: '2026-03-25.dahlia',
    undo: {
      'checkout.session': (node) => ({
        ...node,
        ui_mode: node.ui_mode === 'hosted_page' ? 'hosted' : (node.ui_mode ?? null),
      }),
    },
  },
  {
    since: '2025-09-30.clover',
    undo: {
      discount: (node, lookup) => ({ ...without(node, 'source'), coupon: whole(at(node, 'source', 'coupon'), lookup) }),
      promotion_code: (node, lookup) => ({
        ...without(node, 'promotion'),
        coupon: whole(at(node, 'promotion', 'coupon'), lookup),
      }),
    },
  },
  { since: '2025-06-30.basil', undo: { subscription: (node) => without(node, 'billing_mode') } },
  {
    since: '2025-03-31.basil',
    undo: {
      subscription: (node, lookup) => ({
        ...node,
        current_period_start: at(node, 'items', 'data', 0, 'current_period_start'),
        current_period_end: at(node, 'items', 'data', 0, 'current_period_end'),
        discount: whole(at(node, 'discounts', 0), lookup),
        plan: at(node, 'items', 'data', 0, 'plan'),
        quantity: at(node, 'items', 'data', 0, 'quantity'),
      }),
      subscription_item: (node) => without(node, 'current_period_start', 'current_period_end'),
      invoice: olderInvoice,
      line_item: olderLine,
      invoiceitem: (node, lookup) => ({
        ...without(node, 'parent', 'pricing'),
        price: whole(at(node, 'pricing', 'price_details', 'price'), lookup),
        subscription: at(node, 'parent', 'subscription_details', 'subscription'),
        subscription_item: at(node, 'parent', 'subscription_details', 'subscription_item'),
      }),
      charge: (node, lookup) => ({ ...node, invoice: lookup.invoiceOf(textOf(node.payment_intent ?? null)) }),
      payment_intent: (node, lookup) => ({ ...node, invoice: lookup.invoiceOf(textOf(node.id ?? null)) }),
    },
  },
  {
    since: '2022-11-15',
    undo: {
      payment_intent: (node, lookup) => {
        const charge = whole(node.latest_charge ?? null, lookup);
        const data = charge === null ? [] : [charge];
        const url = `/v1/charges?payment_intent=${textOf(node.id ?? null)}`;
        return { ...without(node, 'latest_charge'), charges: { object: 'list', data, has_more: false, url } };
      },
      charge: (node, lookup) => {
        const id = textOf(node.id ?? null);
        const url = `/v1/charges/${id}/refunds`;
        return { ...node, refunds: { object: 'list', data: lookup.refundsOf(id), has_more: false, url } };
      },
    },
  },
];

/** Before basil an invoice names its subscription and its payment itself. */
function olderInvoice(node: JsonObject, lookup: Lookup): JsonObject {
  const { intent, charge } = lookup.paymentOf(textOf(node.id ?? null));
  const metadata = at(node, 'parent', 'subscription_details', 'metadata');
  return {
    ...without(node, 'parent', 'payments', 'total_taxes', 'confirmation_secret', 'amount_overpaid'),
    application_fee_amount: null,
    charge,
    discount: whole(at(node, 'discounts', 0), lookup),
    paid: node.status === 'paid',
    paid_out_of_band: false,
    payment_intent: intent,
    quote: null,
    subscription: at(node, 'parent', 'subscription_details', 'subscription'),
    subscription_details: { metadata },
    tax: null,
    total_tax_amounts: [],
    transfer_data: null,
  };
}

function olderLine(node: JsonObject, lookup: Lookup): JsonObject {
  const item = at(node, 'parent', 'subscription_item_details');
  const details = item ?? at(node, 'parent', 'invoice_item_details');
  const price = whole(at(node, 'pricing', 'price_details', 'price'), lookup);
  const invoiceItem = at(details, 'invoice_item');
  return {
    ...without(node, 'parent', 'pricing', 'taxes', 'pretax_credit_amounts'),
    ...(invoiceItem !== null && { invoice_item: invoiceItem }),
    price,
    proration: at(details, 'proration'),
    proration_details: at(details, 'proration_details'),
    subscription: at(details, 'subscription'),
    subscription_item: at(item, 'subscription_item'),
    tax_amounts: [],
    type: invoiceItem === null ? 'subscription' : 'invoiceitem',
  };
}
