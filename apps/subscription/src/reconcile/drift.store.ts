import type { Difference } from '@billhook/billing';
import type { DomainEvent } from '@billhook/contracts';
import { inTransaction } from '@billhook/database';
import { Outbox } from '@billhook/messaging';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { actorOf, causeOf } from './run.js';
import type { Run } from './run.js';

export type DriftKind = 'missing' | 'extra' | 'different';

/** What both sides said when a difference was seen; null where there was nothing, or nobody was asked. */
export interface Sighting {
  stripeState: string | null;
  ourState: string | null;
}

export interface Suspicion extends Sighting {
  subscriptionId: string;
  /** `found`: announced, and not repaired yet. */
  state: 'suspected' | 'found';
  looks: number;
}

export interface Drift {
  subscriptionId: string;
  customerId: string | null;
  userId: string | null;
  kind: DriftKind;
  fields: Difference[];
}

export interface ReportedDrift extends Drift {
  state: 'found' | 'repaired' | 'unresolved';
  reason: string | null;
  foundAt: Date;
}

const columns = `
  subscription_id AS "subscriptionId", customer_id AS "customerId", user_id AS "userId", kind, fields, state, reason,
  found_at AS "foundAt"`;

/** What a sweep suspects, finds and repairs. */
@Injectable()
export class Drifts {
  private readonly outbox = new Outbox();

  constructor(private readonly dataSource: DataSource) {}

  /** A page that Stripe has listed, and what of it differs. Again, it changes nothing. */
  async noteListed(
    { id }: Run,
    listed: readonly string[],
    suspected: ReadonlyMap<string, Sighting>,
    settleSeconds: number,
  ): Promise<void> {
    const entries = [...suspected];
    await inTransaction(this.dataSource, async (manager) => {
      await manager.query(
        'INSERT INTO reconcile_seen (run_id, subscription_id) SELECT $1, unnest($2::text[]) ON CONFLICT DO NOTHING',
        [id, listed],
      );
      if (entries.length === 0) return;
      await manager.query(
        `INSERT INTO reconcile_drift (run_id, subscription_id, state, stripe_state, our_state, look_at)
         SELECT $1, subscription_id, 'suspected', stripe_state, our_state, now() + make_interval(secs => $5)
         FROM unnest($2::text[], $3::text[], $4::text[]) AS sighting (subscription_id, stripe_state, our_state)
         ON CONFLICT DO NOTHING`,
        [
          id,
          entries.map(([subscriptionId]) => subscriptionId),
          entries.map(([, { stripeState }]) => stripeState),
          entries.map(([, { ourState }]) => ourState),
          settleSeconds,
        ],
      );
    });
  }

  /**
   * The next of our own rows, of which those that the listing did not show are suspected. Where the part ended, null after the
   * last: each part is of so many rows, however few of them are suspected.
   */
  async suspectUnlisted({ id }: Run, after: string, rows: number): Promise<{ end: string | null; suspected: number }> {
    const answer: { end: string | null; looked: number; suspected: number }[] = await this.dataSource.query(
      `WITH part AS (
         SELECT subscription_id FROM subscription WHERE subscription_id > $2 ORDER BY subscription_id LIMIT $3
       ), suspected AS (
         INSERT INTO reconcile_drift (run_id, subscription_id, state, look_at)
         SELECT $1, subscription_id, 'suspected', now() FROM part
         WHERE NOT EXISTS (SELECT FROM reconcile_seen AS seen
                           WHERE seen.run_id = $1 AND seen.subscription_id = part.subscription_id)
         ON CONFLICT DO NOTHING RETURNING 1
       )
       SELECT max(subscription_id) AS end, count(*)::int AS looked, (SELECT count(*)::int FROM suspected) AS suspected
       FROM part`,
      [id, after, rows],
    );
    const [{ end, looked, suspected } = { end: null, looked: 0, suspected: 0 }] = answer;
    return { end: looked < rows ? null : end, suspected };
  }

  /** Those that it is time to look at. One that was found by a run that died is to be repaired by the one that carries on. */
  async due({ id, dryRun }: Run, limit: number): Promise<Suspicion[]> {
    return this.dataSource.query(
      `SELECT subscription_id AS "subscriptionId", state, looks, stripe_state AS "stripeState", our_state AS "ourState"
       FROM reconcile_drift
       WHERE run_id = $1 AND (state = 'suspected' AND look_at <= now() OR state = 'found' AND NOT $2)
       ORDER BY look_at LIMIT $3`,
      [id, dryRun, limit],
    );
  }

  /** How long until the next look; null when none is to come. */
  async msToNextLook({ id }: Run): Promise<number | null> {
    const rows: { ms: number | null }[] = await this.dataSource.query(
      `SELECT (extract(epoch FROM min(look_at) - now()) * 1000)::float8 AS ms FROM reconcile_drift
       WHERE run_id = $1 AND state = 'suspected'`,
      [id],
    );
    const ms = rows[0]?.ms ?? null;
    return ms === null ? null : Math.max(ms, 0);
  }

  async lookAgain({ id }: Run, subscriptionId: string, sighting: Sighting, afterSeconds: number): Promise<void> {
    await this.dataSource.query(
      `UPDATE reconcile_drift SET stripe_state = $3, our_state = $4, looks = looks + 1,
         look_at = now() + make_interval(secs => $5)
       WHERE run_id = $1 AND subscription_id = $2`,
      [id, subscriptionId, sighting.stripeState, sighting.ourState, afterSeconds],
    );
  }

  /** It was none, or it is over. */
  async drop({ id }: Run, subscriptionId: string): Promise<void> {
    await this.dataSource.query('DELETE FROM reconcile_drift WHERE run_id = $1 AND subscription_id = $2', [
      id,
      subscriptionId,
    ]);
  }

  async found(run: Run, drift: Drift): Promise<void> {
    await inTransaction(this.dataSource, async (manager) => {
      await this.record(manager, run, drift, { state: 'found', reason: null });
      await this.announce(manager, run, drift, 'billing.drift.found');
    });
  }

  async repaired(run: Run, drift: Drift): Promise<void> {
    await inTransaction(this.dataSource, async (manager) => {
      await this.record(manager, run, drift, { state: 'repaired', reason: null });
      await this.announce(manager, run, drift, 'billing.drift.repaired');
    });
  }

  async unresolved(run: Run, drift: Drift, reason: string): Promise<void> {
    await this.record(this.dataSource.manager, run, drift, { state: 'unresolved', reason });
  }

  /** In the order of their ids, from the one after `after`. */
  async list(runId: string, after: string, limit: number): Promise<ReportedDrift[]> {
    return this.dataSource.query(
      `SELECT ${columns} FROM reconcile_drift
       WHERE run_id = $1 AND subscription_id > $2 AND state <> 'suspected' ORDER BY subscription_id LIMIT $3`,
      [runId, after, limit],
    );
  }

  async of({ id }: Run, subscriptionId: string): Promise<Drift | null> {
    const rows: Drift[] = await this.dataSource.query(
      `SELECT ${columns} FROM reconcile_drift WHERE run_id = $1 AND subscription_id = $2 AND state <> 'suspected'`,
      [id, subscriptionId],
    );
    return rows[0] ?? null;
  }

  async forgetListed({ id }: Run): Promise<void> {
    await this.dataSource.query('DELETE FROM reconcile_seen WHERE run_id = $1', [id]);
  }

  private async record(
    manager: EntityManager,
    { id }: Run,
    { subscriptionId, customerId, userId, kind, fields }: Drift,
    { state, reason }: { state: ReportedDrift['state']; reason: string | null },
  ): Promise<void> {
    await manager.query(
      `UPDATE reconcile_drift SET customer_id = $3, user_id = $4, kind = $5, fields = $6, state = $7, reason = $8,
         found_at = coalesce(found_at, now())
       WHERE run_id = $1 AND subscription_id = $2`,
      [id, subscriptionId, customerId, userId, kind, JSON.stringify(fields), state, reason],
    );
  }

  /** The run and the subscription make the ids: a step that is done twice tells it once. */
  private async announce(
    manager: EntityManager,
    run: Run,
    drift: Drift,
    type: 'billing.drift.found' | 'billing.drift.repaired',
  ): Promise<void> {
    const { subscriptionId, userId } = drift;
    await this.outbox.append(manager, 'subscription', [
      {
        event: toEvent(run, drift, type),
        causeId: causeOf(run.id),
        effect: subscriptionId,
        subject: userId ?? subscriptionId,
        at: new Date(),
        ...actorOf(run),
      },
    ]);
  }
}

function toEvent(run: Run, drift: Drift, type: 'billing.drift.found' | 'billing.drift.repaired'): DomainEvent {
  const { subscriptionId, customerId, userId, kind, fields } = drift;
  const data = {
    run_id: run.id,
    subscription_id: subscriptionId,
    customer_id: customerId,
    user_id: userId,
    kind,
    fields,
  };
  return type === 'billing.drift.found' ? { type, data: { ...data, dry_run: run.dryRun } } : { type, data };
}
