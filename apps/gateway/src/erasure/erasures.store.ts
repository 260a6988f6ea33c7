import type { DomainEvent, EventData } from '@billhook/contracts';
import { inTransaction } from '@billhook/database';
import { Outbox } from '@billhook/messaging';
import type { Mentions, OutboxEvent } from '@billhook/messaging';
import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { accountChannel } from '../account/account.store.js';
import { eventSource } from '../announcement.js';
import type { Caller } from '../sign-in/caller.js';
import type { Section } from '../user-lock.store.js';
import type { Erasure, ErasureAnswer } from './erasure-status.js';

/** An erasure whose next step is ours for a while. `attempts` is the proof that the lease still holds. */
export interface LeasedErasure {
  userId: string;
  requestId: string;
  reason: string;
  requestedBy: string;
  remoteAddress: string;
  userAgent: string | null;
  httpRequestId: string;
  isBillingEnded: boolean;
  attempts: number;
}

/** Ending the billing takes ten seconds at most; after it the step of a process that died is taken over. */
const leaseSeconds = 30;
const longestPauseSeconds = 300;

const leasedColumns = `user_id AS "userId", request_id AS "requestId", reason, requested_by AS "requestedBy",
  remote_address AS "remoteAddress", user_agent AS "userAgent", http_request_id AS "httpRequestId",
  billing_ended_at IS NOT NULL AS "isBillingEnded", attempts`;

/** Users whose data is erased, and how far that has come. */
@Injectable()
export class Erasures {
  constructor(
    private readonly dataSource: DataSource,
    private readonly outbox: Outbox,
  ) {}

  /**
   * From the commit on the user is shut out: every replica is told to look again. False for a user of whom nothing is here. Under
   * the lock of the user's row, for which somebody who just comes for the first time waits as well.
   */
  request(userId: string, reason: string, caller: Caller): Promise<boolean> {
    return inTransaction(this.dataSource, async (manager) => {
      const known: unknown[] = await manager.query(
        `INSERT INTO app_user (user_id)
         SELECT $1 WHERE EXISTS (SELECT FROM app_user WHERE user_id = $1) OR EXISTS (SELECT FROM account WHERE user_id = $1)
         ON CONFLICT (user_id) DO UPDATE SET user_id = excluded.user_id RETURNING user_id`,
        [userId],
      );
      if (known.length === 0) return false;
      await manager.query(
        `INSERT INTO erasure (user_id, request_id, reason, requested_by, remote_address, user_agent, http_request_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (user_id) DO NOTHING RETURNING pg_notify($8, user_id)`,
        [
          userId,
          randomUUID(),
          reason,
          caller.userId,
          caller.remoteAddress,
          caller.userAgent ?? null,
          caller.requestId,
          accountChannel,
        ],
      );
      return true;
    });
  }

  async find(userId: string): Promise<Erasure | null> {
    const rows: (Omit<Erasure, 'answers'> & { answers: StoredAnswer[] })[] = await this.dataSource.query(
      `SELECT user_id AS "userId", request_id AS "requestId", reason, requested_by AS "requestedBy",
              requested_at AS "requestedAt", billing_ended_at AS "billingEndedAt", failed_tries AS "failedTries",
              last_error AS "lastError", due_at AS "nextTryAt",
              ARRAY(SELECT json_build_object('service', service, 'counts', counts, 'answeredAt', answered_at)
                    FROM erasure_answer AS answer WHERE answer.user_id = erasure.user_id) AS answers
       FROM erasure WHERE user_id = $1`,
      [userId],
    );
    const [row] = rows;
    if (row === undefined) return null;
    return { ...row, answers: row.answers.map((each) => ({ ...each, answeredAt: new Date(each.answeredAt) })) };
  }

  /** Those of these users who are erased. */
  async among(manager: EntityManager, userIds: readonly string[]): Promise<Set<string>> {
    if (userIds.length === 0) return new Set();
    const rows: { user_id: string }[] = await manager.query('SELECT user_id FROM erasure WHERE user_id = ANY($1)', [
      userIds,
    ]);
    return new Set(rows.map((row) => row.user_id));
  }

  /** Whether an event that failed is somebody's who is erased. */
  async isOfErased(manager: EntityManager, { userIds, stripeIds }: Mentions): Promise<boolean> {
    const rows: unknown[] = await manager.query(
      `SELECT FROM erasure WHERE user_id = ANY($1)
         OR user_id IN (SELECT user_id FROM customer WHERE customer_id = ANY($2)) LIMIT 1`,
      [userIds, stripeIds],
    );
    return rows.length > 0;
  }

  /** The step that has been due longest, that nobody else is at, and before which nothing is still being written. */
  async lease(): Promise<LeasedErasure | null> {
    const [rows]: [LeasedErasure[], number] = await this.dataSource.query(
      `UPDATE erasure SET due_at = now() + make_interval(secs => $1), attempts = attempts + 1
       WHERE user_id = (
         SELECT user_id FROM erasure WHERE due_at <= now() AND asked_in < pg_snapshot_xmin(pg_current_snapshot())
         ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
       RETURNING ${leasedColumns}`,
      [leaseSeconds],
    );
    return rows[0] ?? null;
  }

  /** Twice as long each time. */
  async postpone({ userId, attempts }: LeasedErasure, error: string): Promise<void> {
    await this.dataSource.query(
      `UPDATE erasure SET due_at = now() + make_interval(secs => least($3, power(2, least(failed_tries + 1, 16)))),
         failed_tries = failed_tries + 1, last_error = $4
       WHERE user_id = $1 AND attempts = $2`,
      [userId, attempts, longestPauseSeconds, error],
    );
  }

  /** Nothing went wrong, something else has to happen first. */
  async waitASecond({ userId, attempts }: LeasedErasure): Promise<void> {
    await this.dataSource.query(
      `UPDATE erasure SET due_at = now() + interval '1 second', attempts = attempts - 1 WHERE user_id = $1 AND attempts = $2`,
      [userId, attempts],
    );
  }

  /** Once nothing can be charged any more, everybody is told to erase, and in the name of whom. */
  billingEnded(section: Section, erasure: LeasedErasure, canceled: readonly string[]): Promise<void> {
    const { userId, requestId, reason, attempts } = erasure;
    return section.inTransaction(async (manager) => {
      const [rows]: [unknown[], number] = await manager.query(
        `UPDATE erasure SET billing_ended_at = now(), due_at = now(), attempts = 0, failed_tries = 0, last_error = NULL
         WHERE user_id = $1 AND attempts = $2 AND billing_ended_at IS NULL RETURNING user_id`,
        [userId, attempts],
      );
      if (rows.length === 0) return;
      const cancellations = canceled.map((subscription_id): DomainEvent => ({
        type: 'billing.cancellation.requested',
        data: { user_id: userId, subscription_id, immediate: true, outcome: 'accepted' },
      }));
      const requested: DomainEvent = {
        type: 'billing.account.erasure_requested',
        data: { user_id: userId, request_id: requestId, reason },
      };
      await this.outbox.append(
        manager,
        eventSource,
        [...cancellations, requested].map((event) => toOutgoing(erasure, event)),
      );
    });
  }

  /** The last of our own steps; from here on only answers are waited for. */
  async finish(manager: EntityManager, erasure: LeasedErasure, counts: ErasureAnswer['counts']): Promise<void> {
    const { userId, requestId } = erasure;
    await manager.query(
      'UPDATE erasure SET due_at = NULL, attempts = 0, failed_tries = 0, last_error = NULL WHERE user_id = $1',
      [userId],
    );
    const answer = { user_id: userId, request_id: requestId, service: 'gateway', counts: { ...counts } } as const;
    if (!(await this.record(manager, answer))) return;
    await this.outbox.append(manager, eventSource, [
      {
        event: { type: 'billing.account.erasure_completed', data: answer },
        causeId: requestId,
        effect: 'gateway',
        subject: userId,
        at: new Date(),
      },
    ]);
  }

  /** What a service has answered, once. False where nobody asked, or it has answered already. */
  async record(manager: EntityManager, answer: EventData<'billing.account.erasure_completed'>): Promise<boolean> {
    const rows: unknown[] = await manager.query(
      `INSERT INTO erasure_answer (user_id, service, counts)
       SELECT user_id, $3, $4 FROM erasure WHERE user_id = $1 AND request_id = $2
       ON CONFLICT DO NOTHING RETURNING user_id`,
      [answer.user_id, answer.request_id, answer.service, JSON.stringify(answer.counts)],
    );
    return rows.length > 0;
  }
}

type StoredAnswer = Omit<ErasureAnswer, 'answeredAt'> & { answeredAt: string };

function toOutgoing(erasure: LeasedErasure, event: DomainEvent): OutboxEvent {
  const { userId, requestId, requestedBy, remoteAddress, userAgent, httpRequestId } = erasure;
  const effect = event.type === 'billing.cancellation.requested' ? event.data.subscription_id : undefined;
  return {
    event,
    causeId: requestId,
    effect,
    subject: userId,
    at: new Date(),
    actor: `ops:${requestedBy}`,
    remoteAddress,
    ...(userAgent !== null && { userAgent }),
    requestId: httpRequestId,
  };
}
