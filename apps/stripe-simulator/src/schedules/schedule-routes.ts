import type Stripe from 'stripe';
import { z } from 'zod';
import { isWithin, list } from '../api/paging.js';
import { created, flag, integer, mergeMetadata, metadata, paging, params, text } from '../api/params.js';
import { route } from '../api/route.js';
import type { Route } from '../api/route.js';
import { found, invalid, referenced } from '../api/stripe-error.js';
import { priceOnSale, recurringPrice } from '../catalogue/price-type.js';
import { createSubscription } from '../subscriptions/create.js';
import { cancelNow, saveSubscription } from '../subscriptions/lifecycle.js';
import { prorationBehavior } from '../subscriptions/subscription-params.js';
import { isLive, withoutEnd } from '../subscriptions/subscription.js';
import { idOf } from '../world/ids.js';
import type { World } from '../world/world.js';
import { enterPhase } from './advance.js';
import { scheduleOf } from './close.js';
import { ended, isRunning, phaseAt, phasesFrom, scheduleFrom, wantedBy } from './schedule.js';
import type { PhaseWish } from './schedule.js';

const noun = 'subscription schedule';
const time = z.union([z.literal('now'), integer]);

/** `iterations` is gone since clover: a phase lasts until a date, or for a duration. */
const phase = params({
  duration: params({
    interval: z.enum(['day', 'week', 'month', 'year']),
    interval_count: integer.optional(),
  }).optional(),
  end_date: time.optional(),
  items: z
    .array(params({ price: text, quantity: integer.optional() }))
    .min(1)
    .max(20),
  proration_behavior: prorationBehavior.optional(),
  start_date: time.optional(),
});
const endBehavior = z.enum(['cancel', 'release']);

const updateParams = params({
  end_behavior: endBehavior.optional(),
  metadata: metadata.optional(),
  phases: z.array(phase).min(1).max(10).optional(),
  proration_behavior: prorationBehavior.optional(),
});
type UpdateInput = z.output<typeof updateParams>;

/** From a subscription, or with one of its own that begins at once; one that begins later is not modelled. */
const createParams = params({
  customer: text.optional(),
  end_behavior: endBehavior.optional(),
  from_subscription: text.optional(),
  metadata: metadata.optional(),
  // `iterations` is gone, but Stripe's own CLI (1.52.0) still sends it: so many billing periods.
  phases: z
    .array(phase.extend({ iterations: integer.optional() }))
    .min(1)
    .max(10)
    .optional(),
  start_date: z.enum(['now']).optional(),
});
type CreateInput = z.output<typeof createParams>;

export const scheduleRoutes: Route[] = [
  route({
    method: 'POST',
    path: '/v1/subscription_schedules',
    params: createParams,
    handle: ({ world, input }) => create(world, input),
  }),
  route({
    method: 'GET',
    path: '/v1/subscription_schedules',
    params: params({ ...paging, created: created.optional(), customer: text.optional() }),
    handle: ({ world, input }) =>
      list({
        url: '/v1/subscription_schedules',
        table: world.schedules,
        noun,
        page: input,
        where: (row) => row.customer === (input.customer ?? row.customer) && isWithin(row.created, input.created),
      }),
  }),
  route({
    method: 'GET',
    path: '/v1/subscription_schedules/:id',
    params: params({}),
    handle: ({ world, id }) => found(world.schedules, id, noun),
  }),
  route({
    method: 'POST',
    path: '/v1/subscription_schedules/:id',
    params: updateParams,
    handle: ({ world, id, input }) => update(world, running(found(world.schedules, id, noun), 'update'), input),
  }),
  route({
    method: 'POST',
    path: '/v1/subscription_schedules/:id/release',
    params: params({ preserve_cancel_date: flag.optional() }),
    handle: ({ world, id, input }) =>
      release(world, running(found(world.schedules, id, noun), 'release'), input.preserve_cancel_date ?? false),
  }),
  route({
    method: 'POST',
    path: '/v1/subscription_schedules/:id/cancel',
    // A final invoice or a credit for the rest of the period is not modelled, as with subscriptions.
    params: params({ invoice_now: z.enum(['false']).optional(), prorate: z.enum(['false']).optional() }),
    handle: ({ world, id }) => {
      const schedule = running(found(world.schedules, id, noun), 'cancel');
      cancelNow(world, found(world.subscriptions, idOf(schedule.subscription) ?? '', 'subscription'));
      return found(world.schedules, id, noun);
    },
  }),
];

function running(schedule: Stripe.SubscriptionSchedule, verb: string): Stripe.SubscriptionSchedule {
  if (isRunning(schedule)) return schedule;
  throw invalid(
    '',
    `You cannot ${verb} a subscription schedule that is currently in the \`${schedule.status}\` status.`,
  );
}

function create(world: World, input: CreateInput): Stripe.SubscriptionSchedule {
  const { from_subscription: subscription, ...own } = input;
  if (subscription === undefined) return begin(world, own);
  const [other] = Object.entries(own).find(([, value]) => value !== undefined) ?? [];
  if (other === undefined) return takeOver(world, subscription);
  throw invalid(other, `You cannot set \`${other}\` if \`from_subscription\` is set.`);
}

/** A subscription is made of the first phase, and the schedule goes on from there. */
function begin(world: World, input: Omit<CreateInput, 'from_subscription'>): Stripe.SubscriptionSchedule {
  const customer = referenced({
    table: world.customers,
    id: needed('customer', input.customer),
    noun: 'customer',
    param: 'customer',
  });
  needed('start_date', input.start_date);
  const given = needed('phases', input.phases);
  const wishes = given.map((wish, index) =>
    inPeriods(toWish(world, wish, { path: `phases[${index}]`, sold: new Set() }), wish.iterations),
  );
  const subscription = createSubscription(world, {
    customer: customer.id,
    lines: wishes[0]?.items ?? [],
    paymentMethod: null,
    metadata: {},
    description: null,
    trial: null,
    paymentBehavior: 'allow_incomplete',
  });
  const bare = scheduleFrom(subscription, world.now());
  const phases = phasesFrom(bare, wishes);
  const [{ start_date, end_date } = { start_date: 0, end_date: 0 }] = phases;
  const schedule: Stripe.SubscriptionSchedule = {
    ...bare,
    current_phase: { start_date, end_date },
    end_behavior: input.end_behavior ?? 'release',
    metadata: mergeMetadata({}, input.metadata),
    phases,
  };
  return attach(world, schedule, subscription);
}

function needed<T>(param: string, value: T | undefined): T {
  if (value !== undefined) return value;
  throw invalid(param, `Missing required param: ${param}.`, 'parameter_missing');
}

function inPeriods(wish: PhaseWish, iterations: number | undefined): PhaseWish {
  const recurring = wish.items[0]?.price.recurring;
  if (iterations === undefined || !recurring) return wish;
  // There are no others here.
  const interval = recurring.interval === 'year' ? 'year' : 'month';
  return { ...wish, duration: { interval, count: iterations * recurring.interval_count } };
}

function attach(
  world: World,
  schedule: Stripe.SubscriptionSchedule,
  subscription: Stripe.Subscription,
): Stripe.SubscriptionSchedule {
  world.schedules.set(schedule.id, schedule);
  world.emit('subscription_schedule.created', schedule);
  // From now on the schedule says when it ends.
  saveSubscription(world, { ...withoutEnd(subscription), schedule: schedule.id });
  return schedule;
}

function takeOver(world: World, id: string): Stripe.SubscriptionSchedule {
  const param = 'from_subscription';
  const subscription = referenced({ table: world.subscriptions, id, noun: 'subscription', param });
  if (!isLive(subscription)) throw invalid(param, 'You cannot migrate a subscription that is already canceled.');
  const existing = scheduleOf(world, subscription);
  if (existing) {
    throw invalid(param, `You cannot migrate a subscription that is already attached to a schedule: ${existing.id}.`);
  }
  return attach(world, scheduleFrom(subscription, world.now()), subscription);
}

/** The phase that runs may change too; then its items apply at once. */
function update(world: World, before: Stripe.SubscriptionSchedule, input: UpdateInput): Stripe.SubscriptionSchedule {
  const now = world.now();
  const sold = new Set(before.phases.flatMap(({ items }) => items.map(({ price }) => idOf(price))));
  const wishes = input.phases?.map((wish, index) => toWish(world, wish, { path: `phases[${index}]`, sold }));
  const phases = wishes ? phasesFrom(before, wishes) : before.phases;
  const next: Stripe.SubscriptionSchedule = {
    ...before,
    end_behavior: input.end_behavior ?? before.end_behavior,
    metadata: mergeMetadata(before.metadata ?? {}, input.metadata),
    phases,
  };
  const current = phaseAt(next, now);
  if (current === undefined) throw invalid('phases', 'One of the phases must contain the present.');
  const subscription = found(world.subscriptions, idOf(before.subscription) ?? '', 'subscription');
  const earlier = phaseAt(before, now);
  const isOther = earlier === undefined || JSON.stringify(wantedBy(earlier)) !== JSON.stringify(wantedBy(current));
  if (isOther)
    enterPhase(world, subscription, {
      ...current,
      proration_behavior: input.proration_behavior ?? 'create_prorations',
    });
  return world.update(world.schedules, 'subscription_schedule.updated', {
    ...next,
    current_phase: { start_date: current.start_date, end_date: current.end_date },
  });
}

/** What is sold already goes on at its price. */
interface PhasePlace {
  path: string;
  sold: ReadonlySet<string | null>;
}

function toWish(world: World, wish: z.output<typeof phase>, { path, sold }: PhasePlace): PhaseWish {
  const at = (value: number | 'now' | undefined) => (value === 'now' ? world.now() : value);
  return {
    items: wish.items.map(({ price, quantity }, index) => ({
      price: (sold.has(price) ? recurringPrice : priceOnSale)(world, price, `${path}[items][${index}][price]`),
      quantity: quantity ?? 1,
    })),
    start: at(wish.start_date),
    end: at(wish.end_date),
    duration: wish.duration && { interval: wish.duration.interval, count: wish.duration.interval_count ?? 1 },
    proration: wish.proration_behavior ?? 'create_prorations',
  };
}

/** The subscription goes on as it is, on its own. */
function release(world: World, schedule: Stripe.SubscriptionSchedule, keepsEnd: boolean): Stripe.SubscriptionSchedule {
  const released = ended(schedule, 'released', world.now());
  world.schedules.set(released.id, released);
  world.emit('subscription_schedule.released', released);
  const subscription = found(world.subscriptions, idOf(schedule.subscription) ?? '', 'subscription');
  const end = keepsEnd && schedule.end_behavior === 'cancel' ? schedule.phases.at(-1)?.end_date : undefined;
  saveSubscription(world, { ...subscription, schedule: null, ...(end !== undefined && { cancel_at: end }) });
  return released;
}
