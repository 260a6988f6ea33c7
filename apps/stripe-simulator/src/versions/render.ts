import type Stripe from 'stripe';
import { idOf } from '../world/ids.js';
import { isJsonObject, previousAttributes, toJson } from '../world/json.js';
import type { Json, JsonObject } from '../world/json.js';
import type { World } from '../world/world.js';
import { versionChanges } from './changes.js';
import type { Lookup, VersionChange } from './changes.js';

/** Whether something looked otherwise in this version. */
export const isOlder = (version: string) => versionChanges.some(({ since }) => since > version);

/** An answer in the shapes of `version`. Events keep the version they were made with, whoever asks. */
export function renderIn(world: World, version: string, answer: object): JsonObject {
  const changes = versionChanges.filter(({ since }) => since > version);
  return undone(world, toJson(answer), changes);
}

/** An event as an endpoint of `version` gets it, what was before included. */
export function renderEvent(world: World, event: Stripe.EventBase, version: string): Stripe.EventBase {
  if (!isOlder(version)) return { ...event, api_version: version };
  const after = toJson(event.data.object);
  const object = renderIn(world, version, after);
  const { previous_attributes: previous } = event.data;
  const data = previous
    ? {
        object,
        previous_attributes: previousAttributes(renderIn(world, version, restored(after, toJson(previous))), object),
      }
    : { object };
  return { ...event, api_version: version, data };
}

/** The object as it was: `previous_attributes` put back into it. */
function restored(after: JsonObject, previous: JsonObject): JsonObject {
  const before: JsonObject = { ...after };
  for (const [name, was] of Object.entries(previous)) {
    const is = after[name];
    before[name] = isJsonObject(is) && isJsonObject(was) ? restored(is, was) : was;
  }
  return before;
}

function undone(world: World, answer: JsonObject, changes: readonly VersionChange[]): JsonObject {
  return changes.reduce((node, change, index) => {
    const lookup = lookupIn(world, changes.slice(0, index));
    return undoIn(node, change, lookup);
  }, answer);
}

/** The outer object first: an older one may take things out of the objects inside it. */
function undoIn(node: JsonObject, change: VersionChange, lookup: Lookup): JsonObject {
  if (node.object === 'event') return node;
  const undo = typeof node.object === 'string' ? change.undo[node.object] : undefined;
  const older = undo ? undo(node, lookup) : node;
  return Object.fromEntries(Object.entries(older).map(([name, value]) => [name, undoWithin(value, change, lookup)]));
}

function undoWithin(value: Json, change: VersionChange, lookup: Lookup): Json {
  if (Array.isArray(value)) return value.map((item) => undoWithin(item, change, lookup));
  return isJsonObject(value) ? undoIn(value, change, lookup) : value;
}

function lookupIn(world: World, changes: readonly VersionChange[]): Lookup {
  const shaped = (object: object) => undone(world, toJson(object), changes);
  return {
    object: (id) => {
      const object = world.find(id);
      return object === undefined ? null : shaped(object);
    },
    paymentOf: (invoice) => {
      const payment = world.invoicePayments.get(world.paymentByInvoice.get(invoice) ?? '');
      const intent = world.paymentIntents.get(idOf(payment?.payment.payment_intent) ?? '');
      return { intent: intent?.id ?? null, charge: idOf(intent?.latest_charge) };
    },
    invoiceOf: (intent) =>
      idOf([...world.invoicePayments.values()].find(({ payment }) => payment.payment_intent === intent)?.invoice),
    refundsOf: (charge) =>
      [...world.refunds.values()]
        .filter((refund) => refund.charge === charge)
        .toReversed()
        .map(shaped),
  };
}
