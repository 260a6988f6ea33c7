import type Stripe from 'stripe';
import { aCustomer } from '../customers/customer.js';
import { aCardMethod } from '../customers/payment-method.js';
import { anEvent } from '../events/event.js';
import { aSubscription, currentPeriodEnd, notCancelled } from '../subscriptions/subscription.js';
import { withScheduledEnd } from '../subscriptions/lifecycle.js';
import type { World } from '../world/world.js';
import type { HistoryRequest } from './history.request.js';

const day = 24 * 3600;
const card = { number: '4242424242424242', expMonth: 12, expYear: 2040 };

/** One customer's part in the past. */
interface Life {
  nth: number;
  /** How many events it has. */
  length: number;
  customer: Stripe.Customer;
  /** From its second event on. */
  subscription: Stripe.Subscription | null;
}

interface Told {
  type: Stripe.Event.Type;
  object: object;
  previous?: object;
}

/**
 * A large account at once: customers with a card and a subscription each, and the events that led there, spread evenly
 * over the past `days`. The newest event of each object carries it as it is now. Nothing is delivered.
 *
 * The objects in the events share their parts with each other and with what is stored (nothing stored is ever changed in
 * place), so a hundred thousand events take a tenth of the memory that copies would.
 */
export function makeHistory(world: World, wanted: HistoryRequest): { oldest_event: string; newest_event: string } {
  const { subscriptions, events, days, undelivered } = wanted;
  const start = world.now() - days * day;
  const lives: Life[] = [];
  const ids: string[] = [];
  world.makeRoomForEvents(events);
  for (let count = 0; count < events; count += 1) {
    const at = start + Math.floor(((count + 1) * days * day) / events);
    const nth = count % subscriptions;
    const life = (lives[nth] ??= begin(world, { nth, length: lengthOf(wanted, nth), at }));
    const told = live(world, life, { step: Math.floor(count / subscriptions), at });
    const isMissed = Math.floor((count + 1) * undelivered) > Math.floor(count * undelivered);
    ids.push(record(world, told, { at, pending: isMissed ? 1 : 0 }));
  }
  return { oldest_event: ids[0] ?? '', newest_event: ids.at(-1) ?? '' };
}

/** Events go round all customers in turn. */
const lengthOf = ({ subscriptions, events }: HistoryRequest, nth: number) => Math.ceil((events - nth) / subscriptions);

function begin(world: World, { nth, length, at }: { nth: number; length: number; at: number }): Life {
  const user = `seeded-${nth + 1}`;
  const made = aCustomer({ created: at, email: `${user}@example.com`, metadata: { user_id: user } });
  const method = aCardMethod({ card, customer: made, created: at });
  const customer: Stripe.Customer = {
    ...made,
    invoice_settings: { ...made.invoice_settings, default_payment_method: method.id },
  };
  world.customers.set(customer.id, customer);
  world.paymentMethods.set(method.id, method);
  return { nth, length, customer, subscription: null };
}

function live(world: World, life: Life, { step, at }: { step: number; at: number }): Told {
  if (step === 0) return { type: 'customer.created', object: life.customer };
  const before = life.subscription;
  const told = before === null ? subscribed(world, life, at) : changed(before, life, { step, at });
  life.subscription = told.object;
  world.subscriptions.set(told.object.id, told.object);
  return told;
}

function subscribed(world: World, { nth, customer }: Life, at: number): Told & { object: Stripe.Subscription } {
  const prices = [...world.prices.values()].filter(({ recurring }) => recurring !== null);
  const price = prices[nth % prices.length];
  if (price === undefined) throw new Error('an account without prices has no past');
  const object = aSubscription({
    customer: customer.id,
    lines: [{ price, quantity: 1 }],
    paymentMethod: null,
    metadata: customer.metadata,
    description: null,
    trial: null,
    now: at,
  });
  return { type: 'customer.subscription.created', object };
}

/** Of ten, the last step of one is its end and of one a scheduled end; all other steps are changes of the metadata. */
function changed(
  before: Stripe.Subscription,
  { nth, length }: Life,
  { step, at }: { step: number; at: number },
): Told & { object: Stripe.Subscription } {
  const fate = step === length - 1 ? nth % 10 : 0;
  if (fate === 9) {
    const details = { ...notCancelled, reason: 'cancellation_requested' as const };
    const end = { status: 'canceled' as const, canceled_at: at, ended_at: at, cancellation_details: details };
    return { type: 'customer.subscription.deleted', object: { ...before, ...end } };
  }
  const type = 'customer.subscription.updated';
  if (fate === 8) {
    const object = withScheduledEnd(before, { at: currentPeriodEnd(before), isAtPeriodEnd: true, requestedAt: at });
    const { cancel_at, cancel_at_period_end, canceled_at, cancellation_details } = before;
    const previous = { cancel_at, cancel_at_period_end, canceled_at, cancellation_details };
    return { type, object, previous };
  }
  const object = { ...before, metadata: { ...before.metadata, revision: String(step) } };
  return { type, object, previous: { metadata: { revision: before.metadata.revision ?? null } } };
}

function record(world: World, told: Told, { at, pending }: { at: number; pending: number }): string {
  const cause = { id: null, idempotencyKey: null };
  const version = world.settings.api_version;
  const event = anEvent({ previous: undefined, ...told, cause, created: at, version, pending });
  world.keepEvent(event);
  return event.id;
}
