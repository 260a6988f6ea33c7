import { differencesFrom, fingerprint, toSubscriptionSnapshot } from '@billhook/billing';
import type { SubscriptionRow, SubscriptionSnapshot } from '@billhook/billing';
import { Injectable } from '@nestjs/common';
import { FetchApplier } from '../fetch/apply-fetch.store.js';
import type { FetchedObject } from '../fetch/subscription.client.js';
import { RulesSource } from '../rules.js';
import { Drifts } from './drift.store.js';
import type { Drift, Sighting, Suspicion } from './drift.store.js';
import { HeldSubscriptions } from './held-subscriptions.store.js';
import { added, causeOf } from './run.js';
import type { Counts, Run, Step } from './run.js';
import { ReconcileSettings } from './settings.js';
import { StripeLists } from './stripe-lists.client.js';
import type { ListedObject } from './stripe-lists.client.js';

const rowsOfAPart = 1_000;
/** Asked for one by one, so many at a time. */
const checkedAtOnce = 5;
/** Whoever is still changing after so many looks is left to the next sweep. */
const mostLooks = 5;

/** What a check was told by both sides. */
interface Answers {
  snapshot: SubscriptionSnapshot;
  row: SubscriptionRow | null;
  answer: FetchedObject;
}

/**
 * Compares every subscription at Stripe with ours. What differs is looked at again after a while and is drift only if neither
 * side has moved since: an event that is still on its way is none. Repaired by the same rules and under the same locks as
 * what the fetch worker asks for, so that nothing newer is undone.
 */
@Injectable()
export class Sweep {
  constructor(
    private readonly lists: StripeLists,
    private readonly held: HeldSubscriptions,
    private readonly drifts: Drifts,
    private readonly applier: FetchApplier,
    private readonly rules: RulesSource,
    private readonly settings: ReconcileSettings,
  ) {}

  /** The next page of Stripe's list. */
  async list(run: Run): Promise<Step> {
    const page = await this.lists.subscriptions(run.position);
    const { suspected, unreadable } = await this.compare(page.data);
    const ids = page.data.map(({ id }) => id);
    await this.drifts.noteListed(run, ids, suspected, this.settings.settleSeconds);
    const last = ids.at(-1);
    return {
      next: page.hasMore && last !== undefined ? { position: last } : null,
      counts: nonZero({ listed: ids.length, suspected: suspected.size, unreadable }),
    };
  }

  /** The next part of our own rows. */
  async listOwn(run: Run): Promise<Step> {
    const { end, suspected } = await this.drifts.suspectUnlisted(run, run.position ?? '', rowsOfAPart);
    return { next: end === null ? null : { position: end }, counts: nonZero({ unlisted: suspected }) };
  }

  /** The next few suspicions. Waits for those whose time has not come. */
  async check(run: Run): Promise<Step> {
    const due = await this.drifts.due(run, checkedAtOnce);
    const results = await Promise.all(due.map((suspicion) => this.checkOne(run, suspicion)));
    const counts = results.reduce(added, {});
    const waitMs = due.length > 0 ? 0 : await this.drifts.msToNextLook(run);
    if (waitMs !== null) return { next: { position: 'suspicions', waitMs }, counts };
    await this.drifts.forgetListed(run);
    return { next: null, counts };
  }

  private async compare(
    objects: readonly ListedObject[],
  ): Promise<{ suspected: Map<string, Sighting>; unreadable: number }> {
    const rows = await this.held.find(objects.map(({ id }) => id));
    const { catalogue } = this.rules.now();
    const suspected = new Map<string, Sighting>();
    let unreadable = 0;
    for (const object of objects) {
      const row = rows.get(object.id) ?? null;
      const reading = toSubscriptionSnapshot(object);
      if (!reading.ok) unreadable += 1;
      else if (differencesFrom(reading.value, row, catalogue).length > 0)
        suspected.set(object.id, sightingOf(reading.value, row));
    }
    return { suspected, unreadable };
  }

  private async checkOne(run: Run, suspicion: Suspicion): Promise<Counts> {
    const { subscriptionId } = suspicion;
    const before = await this.held.findOne(subscriptionId);
    const answer = await this.lists.subscription(subscriptionId);
    const row = await this.held.findOne(subscriptionId);
    // An event has come while Stripe was asked: the answer may be of before it.
    if (before?.order.state !== row?.order.state) return {};
    if (answer === null) return this.notAtStripe(run, subscriptionId, row);
    const reading = toSubscriptionSnapshot(answer.object);
    if (!reading.ok) return this.cannotRead(run, { subscriptionId, row, path: reading.path });
    const answers = { snapshot: reading.value, row, answer };
    const fields = differencesFrom(reading.value, row, this.rules.now().catalogue);
    if (fields.length === 0) return this.over(run, suspicion);
    const sighting = sightingOf(reading.value, row);
    if (suspicion.state === 'suspected' && !isSame(sighting, suspicion))
      return this.lookAgain(run, suspicion, sighting);
    const { customerId } = reading.value;
    const userId = row?.userId ?? (await this.held.userOf(customerId)) ?? reading.value.userId;
    const kind = row === null ? 'missing' : 'different';
    return this.settle(run, suspicion, { subscriptionId, customerId, userId, kind, fields }, answers);
  }

  /** Stripe's 404 takes nobody's tier: with the key of another account it would take everybody's. For people to look at. */
  private async notAtStripe(run: Run, subscriptionId: string, row: SubscriptionRow | null): Promise<Counts> {
    if (row === null) {
      await this.drifts.drop(run, subscriptionId);
      return {};
    }
    const { customerId, userId } = row;
    const drift: Drift = { subscriptionId, customerId, userId, kind: 'extra', fields: [] };
    await this.drifts.found(run, drift);
    await this.drifts.unresolved(run, drift, 'unknown_at_stripe');
    return { extra: 1, unresolved: 1 };
  }

  private async cannotRead(
    run: Run,
    { subscriptionId, row, path }: { subscriptionId: string; row: SubscriptionRow | null; path: string },
  ): Promise<Counts> {
    const [customerId, userId] = [row?.customerId ?? null, row?.userId ?? null];
    const kind = row === null ? 'missing' : 'different';
    await this.drifts.unresolved(run, { subscriptionId, customerId, userId, kind, fields: [] }, `unreadable: ${path}`);
    return { unresolved: 1 };
  }

  /** Both sides agree: an event has come meanwhile, or it was repaired by a run that died before it could say so. */
  private async over(run: Run, { state, subscriptionId }: Suspicion): Promise<Counts> {
    const found = state === 'found' ? await this.drifts.of(run, subscriptionId) : null;
    if (found === null) {
      await this.drifts.drop(run, subscriptionId);
      return {};
    }
    await this.drifts.repaired(run, found);
    return { repaired: 1 };
  }

  private async lookAgain(run: Run, suspicion: Suspicion, sighting: Sighting): Promise<Counts> {
    if (suspicion.looks >= mostLooks) return this.leave(run, suspicion);
    await this.drifts.lookAgain(run, suspicion.subscriptionId, sighting, this.settings.settleSeconds);
    return {};
  }

  private async leave(run: Run, { subscriptionId }: Suspicion): Promise<Counts> {
    await this.drifts.drop(run, subscriptionId);
    return { moving: 1 };
  }

  private async settle(run: Run, { state }: Suspicion, drift: Drift, answers: Answers): Promise<Counts> {
    if (drift.userId === null) {
      await this.drifts.unresolved(run, drift, 'unknown_customer');
      return { unknown_customer: 1 };
    }
    if (state === 'suspected') await this.drifts.found(run, drift);
    const counts: Counts = state === 'suspected' ? { [drift.kind]: 1 } : {};
    return run.dryRun ? counts : added(counts, await this.repair(run, drift, answers));
  }

  /** Whatever came meanwhile decides with it: if the row has moved on, the drift is over, one way or the other. */
  private async repair(run: Run, drift: Drift, { row, snapshot, answer }: Answers): Promise<Counts> {
    const { subscriptionId } = drift;
    const question = {
      subscriptionId,
      customerId: row?.customerId ?? null,
      causeId: causeOf(run.id),
      requests: 0, // nobody's question in pending_fetch is answered by this
      notBefore: row?.order.at ?? null,
      seenState: row?.order.state ?? null,
    };
    const rules = this.rules.now();
    const outcome = await this.applier.apply(question, answer, rules);
    const after = await this.held.findOne(subscriptionId);
    const isOver = differencesFrom(snapshot, after, rules.catalogue).length === 0;
    if (isOver || after?.order.state !== row?.order.state) {
      await this.drifts.repaired(run, drift);
      return { repaired: 1 };
    }
    await this.drifts.unresolved(run, drift, outcome.kind);
    return { unresolved: 1 };
  }
}

function sightingOf(snapshot: SubscriptionSnapshot, row: SubscriptionRow | null): Sighting {
  return { stripeState: fingerprint(snapshot), ourState: row?.order.state ?? null };
}

function isSame(a: Sighting, b: Sighting): boolean {
  return a.stripeState === b.stripeState && a.ourState === b.ourState;
}

function nonZero(counts: Counts): Counts {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}
