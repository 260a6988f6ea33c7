import type { World } from '../world/world.js';
import { isJsonObject, toJson } from '../world/json.js';
import type { Json, JsonObject } from '../world/json.js';
import { toList } from './paging.js';
import { invalid } from './stripe-error.js';

/** Fields that hold an id and may be asked for whole. */
const references = new Set([
  'coupon',
  'customer',
  'default_payment_method',
  'default_price',
  'discount',
  'discounts',
  'invoice',
  'latest_invoice',
  'payment_method',
  'price',
  'product',
  'charge',
  'latest_charge',
  'payment_intent',
  'schedule',
  'promotion_code',
  'subscription',
]);

/** Lists that are only sent when asked for, by `object.field`. */
const includedOnDemand: Record<string, (world: World, id: string) => object> = {
  'invoice.payments': (world, id) =>
    toList(
      '/v1/invoice_payments',
      [...world.invoicePayments.values()].filter((payment) => payment.invoice === id),
    ),
  'checkout.session.line_items': (world, id) =>
    toList(`/v1/checkout/sessions/${id}/line_items`, world.lineItems.get(id) ?? []),
  'customer.subscriptions': (world, id) =>
    toList(
      `/v1/customers/${id}/subscriptions`,
      [...world.subscriptions.values()].filter((row) => row.customer === id && row.status !== 'canceled'),
    ),
};

/**
 * Replaces ids by the objects they name, along paths such as `latest_invoice.payments` or
 * `data.items.data.price.product`.
 */
export function expand(world: World, answer: object, paths: readonly string[]): object {
  // Without anything to put in there is no need for a copy: what is stored is replaced, never changed.
  if (paths.length === 0) return answer;
  const root = toJson(answer);
  for (const path of paths) {
    const steps = path.split('.');
    // Stripe counts levels below the list's own `data`.
    if (steps.filter((step) => step !== 'data').length > 4) {
      throw invalid('expand', `You cannot expand more than 4 levels of a property: ${path}`);
    }
    walk({ world, path }, root, steps);
  }
  return root;
}

/** The path as it was asked for, for refusals, and where its ids are looked up. */
interface Expansion {
  world: World;
  path: string;
}

function walk(expansion: Expansion, node: Json, steps: string[]): void {
  const [step, ...rest] = steps;
  if (step === undefined) return;
  if (Array.isArray(node)) {
    for (const item of node) walk(expansion, item, steps);
  } else if (isJsonObject(node)) {
    const child = expanded(expansion, node, step);
    if (child === undefined || child === null) return;
    node[step] = child;
    walk(expansion, child, rest);
  }
}

function expanded({ world, path }: Expansion, node: JsonObject, step: string): Json | undefined {
  const onDemand = typeof node.object === 'string' ? includedOnDemand[`${node.object}.${step}`] : undefined;
  if (onDemand && typeof node.id === 'string') return toJson(onDemand(world, node.id));
  const value = node[step];
  if (value === undefined) throw invalid('expand', `This property cannot be expanded (${path}).`);
  if (typeof value === 'string') {
    if (!references.has(step)) throw invalid('expand', `This property cannot be expanded (${path}).`);
    return lookUp(world, value);
  }
  if (Array.isArray(value) && references.has(step)) {
    return value.map((item) => (typeof item === 'string' ? lookUp(world, item) : item));
  }
  return value;
}

function lookUp(world: World, id: string): Json {
  const object = world.find(id);
  return object === undefined ? id : toJson(object);
}
