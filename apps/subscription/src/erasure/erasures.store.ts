import type { EventData } from '@billhook/contracts';
import { inTransaction } from '@billhook/database';
import { Outbox } from '@billhook/messaging';
import type { Mentions } from '@billhook/messaging';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';

export interface ErasureRequest {
  userId: string;
  requestId: string;
  /** The event that asks. */
  causeId: string;
}

/** An erasure that is ours for a while. `attempts` is the proof that the lease still holds. */
export interface LeasedErasure extends ErasureRequest {
  attempts: number;
  lateEvents: number;
}

export type ErasureCounts = EventData<'billing.account.erasure_completed'>['counts'];

/** A page takes milliseconds and renews it; after it the work of a process that died is taken over. */
const leaseSeconds = 30;

/** Users whose personal data is erased here, and stays so. */
@Injectable()
export class Erasures {
  private readonly outbox = new Outbox();

  /** From the commit on, what comes of this user is kept without its bytes. Asked for again, it is looked through and answered again. */
  async begin(manager: EntityManager, requests: readonly ErasureRequest[]): Promise<void> {
    for (const { userId, requestId, causeId } of requests) {
      await manager.query(
        `INSERT INTO erasure (user_id, request_id, cause_id) VALUES ($1, $2, $3)
         ON CONFLICT (user_id) DO UPDATE SET request_id = excluded.request_id, cause_id = excluded.cause_id,
           asked_in = pg_current_xact_id(), requested_at = now(), due_at = now(), attempts = 0, completed_at = NULL`,
        [userId, requestId, causeId],
      );
    }
  }

  /** Whether an event that failed is somebody's who is erased: it names them, a customer of theirs, or what is that customer's. */
  async isOfErased(manager: EntityManager, { userIds, stripeIds }: Mentions): Promise<boolean> {
    const rows: unknown[] = await manager.query(
      `WITH owner AS (
         SELECT unnest($1::text[]) AS user_id
         UNION SELECT user_id FROM subscription WHERE subscription_id = ANY($2)
         UNION SELECT user_id FROM customer WHERE customer_id = ANY($2)
         UNION SELECT customer.user_id FROM stripe_object AS object JOIN customer USING (customer_id) WHERE object.id = ANY($2))
       SELECT FROM erasure JOIN owner USING (user_id) LIMIT 1`,
      [userIds, stripeIds],
    );
    return rows.length > 0;
  }

  /** The one that has been due longest, that nobody else is at, and before which nothing is still being written. */
  async lease(dataSource: DataSource): Promise<LeasedErasure | null> {
    const [rows]: [LeasedErasure[], number] = await dataSource.query(
      `UPDATE erasure SET due_at = now() + make_interval(secs => $1), attempts = attempts + 1
       WHERE user_id = (
         SELECT user_id FROM erasure WHERE due_at <= now() AND asked_in < pg_snapshot_xmin(pg_current_snapshot())
         ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
       RETURNING user_id AS "userId", request_id AS "requestId", cause_id AS "causeId", attempts, late_events AS "lateEvents"`,
      [leaseSeconds],
    );
    return rows[0] ?? null;
  }

  /** False when somebody else has taken it over, who begins anew. */
  async renew(dataSource: DataSource, { userId, attempts }: LeasedErasure): Promise<boolean> {
    const [rows]: [unknown[], number] = await dataSource.query(
      `UPDATE erasure SET due_at = now() + make_interval(secs => $3) WHERE user_id = $1 AND attempts = $2 RETURNING user_id`,
      [userId, attempts, leaseSeconds],
    );
    return rows.length > 0;
  }

  /** Announces it the first time. What came meanwhile has it looked through once more. */
  finish(dataSource: DataSource, erasure: LeasedErasure, counts: ErasureCounts): Promise<void> {
    const { userId, requestId, causeId, attempts, lateEvents } = erasure;
    return inTransaction(dataSource, async (manager) => {
      const rows: { completed_at: Date | null }[] = await manager.query(
        'SELECT completed_at FROM erasure WHERE user_id = $1 AND attempts = $2 FOR UPDATE',
        [userId, attempts],
      );
      const [row] = rows;
      if (row === undefined) return;
      await manager.query(
        `UPDATE erasure SET completed_at = coalesce(completed_at, now()), attempts = 0,
           due_at = CASE WHEN late_events = $2 THEN NULL ELSE now() END WHERE user_id = $1`,
        [userId, lateEvents],
      );
      if (row.completed_at !== null) return;
      const data = { user_id: userId, request_id: requestId, service: 'subscription', counts } as const;
      await this.outbox.append(manager, 'subscription', [
        {
          event: { type: 'billing.account.erasure_completed', data },
          causeId,
          effect: 'subscription',
          subject: userId,
          at: new Date(),
        },
      ]);
    });
  }
}
