import { keyOf, toEvidence } from '@billhook/billing';
import { aStripeEvent, createTestDatabase } from '@billhook/testing';
import type { StripeEventBody, TestDatabase } from '@billhook/testing';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { EntityManager } from 'typeorm';
import { tierOf } from '../../../../libs/billing/src/billing-state.spec-support.js';
import type { BillingState } from '../../../../libs/billing/src/billing-state.spec-support.js';
import {
  aLifecycle,
  chanceOf,
  endOf,
  endsOnTierOf,
  inOrder,
  modelOf,
  play,
  queuesOf,
  shuffled,
  stateText,
} from '../../../../libs/billing/src/lifecycle.spec-support.js';
import type { Lifecycle } from '../../../../libs/billing/src/lifecycle.spec-support.js';
import type { StripeModel } from '../../../../libs/billing/src/stripe-model.spec-support.js';
import { fromStripe } from '../messages.spec-support.js';
import { Replica } from '../replica.spec-support.js';
import { schema } from '../schema.js';
import { AccountEntity } from './account.entity.js';
import { StripeObjectStore } from './stripe-object.store.js';
import { fromSubscriptionEntity, SubscriptionEntity } from './subscription.entity.js';

/** `make test-soak` plays more, which a failure lists; `SOAK_SEED` plays the same again. */
const lifecycles = Number(process.env['SERVICE_LIFECYCLES'] ?? 300);
const seed = process.env['SOAK_SEED'];
const runs = { numRuns: lifecycles, ...(seed !== undefined && { seed: Number(seed) }) };
/** So many at once in one database, each of a customer of its own; their events meet in the same batches. */
const waveSize = 150;
const batchSize = 40;

let database: TestDatabase;
let replicas: [Replica, Replica];

beforeAll(async () => {
  database = await createTestDatabase(schema);
  const { serviceUrl } = database;
  replicas = [await Replica.connect(serviceUrl), await Replica.connect(serviceUrl)];
});

afterAll(async () => {
  await Promise.all(replicas?.map((replica) => replica.end()) ?? []);
  await database?.drop();
});

/** One lifecycle on its way through the service. */
interface Life {
  lifecycle: Lifecycle;
  model: StripeModel;
  /** What its ids end in: the model gives the same ones to each. */
  suffix: string;
  /** The newest event that anybody was handed. */
  newest: number;
  hasFetched: boolean;
}

const idOfStripe = /"(user_1|(?:cus|sub|in|inpay|pi|ch|re|dp|evt|si)_\w+)"/g;

function withSuffix<T extends object>(document: T, suffix: string): T {
  return JSON.parse(JSON.stringify(document).replaceAll(idOfStripe, `"$1${suffix}"`));
}

interface Handed {
  life: Life;
  index: number;
  event: StripeEventBody;
}

function handed(life: Life, index: number): Handed[] {
  const event = life.model.events[index];
  if (event === undefined) return [];
  const { id, type, second, object, previous } = event;
  const overrides = { id, created: second, ...(previous && { previousAttributes: previous }) };
  return [{ life, index, event: withSuffix(aStripeEvent(type, object, overrides), life.suffix) }];
}

/** Each replica's share of all lives, in an order of its own, the same for the same seeds. */
function sharesOf(lives: readonly Life[]): Handed[][] {
  const queues = lives.map((life) => {
    const chance = chanceOf(life.lifecycle.seed);
    const indexes = shuffled(inOrder(life.model), chance);
    return queuesOf(indexes, replicas.length, chance).map((queue) => queue.flatMap((index) => handed(life, index)));
  });
  const chance = chanceOf(lives[0]?.lifecycle.seed ?? 0);
  return replicas.map((_, replica) => {
    const all = queues.flatMap((ofLife) => ofLife[replica] ?? []);
    return shuffled(inOrderOf(all), chance).flatMap((place) => all[place] ?? []);
  });
}

function inOrderOf(list: readonly unknown[]): number[] {
  return list.map((_, index) => index);
}

/** In batches; after each, Stripe is asked what is to be asked, and may be a little ahead of the events. */
async function takeShare(replica: Replica, share: readonly Handed[], lives: readonly Life[]): Promise<void> {
  for (let from = 0; from < share.length; from += batchSize) {
    const batch = share.slice(from, from + batchSize);
    for (const { life, index } of batch) life.newest = Math.max(life.newest, index);
    await replica.take(...batch.map(({ event }) => fromStripe(event)));
    await replica.askAll((id) => answerFor(lives, id, (from / batchSize) % 3));
  }
}

/** What was asked while somebody else was at it. */
async function askTheRest(lives: readonly Life[]): Promise<void> {
  for (const replica of replicas) await replica.askAll((id) => answerFor(lives, id, Number.MAX_SAFE_INTEGER));
}

function answerFor(lives: readonly Life[], id: string, ahead: number): { object: object; answeredAt: Date } | null {
  const life = lives.find(({ suffix }) => id.endsWith(suffix));
  if (life === undefined) return null;
  life.hasFetched = true;
  const index = Math.min(life.newest + ahead, life.model.events.length - 1);
  const answer = life.model.answerAfter(index, id.slice(0, -life.suffix.length));
  if (answer === null) return null;
  const { object, at: answeredAt, unpaidSince: unpaid_since } = answer;
  return { object: withSuffix({ ...object, ...(unpaid_since !== null && { unpaid_since }) }, life.suffix), answeredAt };
}

/** What the database holds of one user, as the rules would hold it. */
async function stateOf(manager: EntityManager, { suffix }: Life): Promise<{ state: BillingState; tier: unknown }> {
  const account = await manager.findOneBy(AccountEntity, { userId: `user_1${suffix}` });
  const stored = await manager.findBy(SubscriptionEntity, { userId: `user_1${suffix}` });
  const rows = stored.map(fromSubscriptionEntity);
  const kept = await new StripeObjectStore().findOf(manager, [`cus_1${suffix}`]);
  const objects = kept.map(({ object }) => object);
  const state = {
    subscriptions: new Map(rows.map((row) => [row.subscriptionId, row])),
    objects: new Map(objects.map((object) => [keyOf(object), object])),
    evidence: toEvidence(objects),
    newest: account?.newestStripeTime ?? new Date(0),
  };
  return { state, tier: account?.tier };
}

/** Null when the life ended as it would have in order; else all that is needed to see it again. */
async function strayed(manager: EntityManager, life: Life): Promise<string | null> {
  const told = play(life.model, inOrder(life.model), () => 0);
  const expected = endOf(told);
  const { state, tier } = await stateOf(manager, life);
  const isSame = stateText(state, life.suffix) === stateText(expected);
  const isWhole = !life.hasFetched && !told.hasFetched;
  const isRight = isSame && endsOnTierOf(life.model, state, expected, isWhole) && tier === tierOf(state);
  const ends = [stateText(state, life.suffix), stateText(expected)];
  return isRight ? null : JSON.stringify({ ...life.lifecycle, tier, ends });
}

it(
  `${lifecycles} lifecycles end in the service as the rules end them in order: shuffled, repeated, split over two replicas`,
  async () => {
    const sample = fc.sample(aLifecycle, runs);
    for (let from = 0; from < sample.length; from += waveSize) {
      const lives = sample.slice(from, from + waveSize).map((lifecycle, index): Life => {
        const suffix = `_L${from + index}x`;
        return { lifecycle, model: modelOf(lifecycle), suffix, newest: 0, hasFetched: false };
      });
      const shares = sharesOf(lives);
      await Promise.all(replicas.map((replica, index) => takeShare(replica, shares[index] ?? [], lives)));
      await askTheRest(lives);
      const { manager } = replicas[0].dataSource;
      const wrong: string[] = [];
      for (const life of lives) wrong.push(...[await strayed(manager, life)].filter((text) => text !== null));
      expect(wrong.slice(0, 3)).toEqual([]);
    }
  },
  Math.max(60_000, lifecycles * 200),
);
