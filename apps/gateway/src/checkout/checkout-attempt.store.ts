import type { BillingCycle } from '@billhook/contracts';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

/**
 * `creating`: Stripe is being asked, or its answer was lost. `open`: its page can be paid. The others are final; `abandoned`
 * is an attempt whose key must not be used again.
 */
export type AttemptState = 'creating' | 'open' | 'completed' | 'expired' | 'abandoned';

/** One intent to buy; its id is Stripe's idempotency key. */
export interface CheckoutAttempt {
  attemptId: string;
  userId: string;
  tier: 1 | 2;
  billingCycle: BillingCycle;
  priceId: string;
  state: AttemptState;
  sessionId: string | null;
  subscriptionId: string | null;
  settledAt: Date | null;
  pullRequestedAt: Date | null;
}

type NewAttempt = Pick<CheckoutAttempt, 'attemptId' | 'userId' | 'tier' | 'billingCycle' | 'priceId'>;

const columns = `attempt_id AS "attemptId", user_id AS "userId", tier, billing_cycle AS "billingCycle", price_id AS "priceId",
  state, session_id AS "sessionId", subscription_id AS "subscriptionId", settled_at AS "settledAt",
  pull_requested_at AS "pullRequestedAt"`;

/** Stripe forgets idempotency keys after 24 hours at the earliest, and a session lives for 24 hours. */
const keyIsGoodFor = '23 hours';

/** Stateless: every method works on the connection it is given. */
@Injectable()
export class CheckoutAttemptStore {
  async findBySession(manager: EntityManager, userId: string, sessionId: string): Promise<CheckoutAttempt | null> {
    const rows: CheckoutAttempt[] = await manager.query(
      `SELECT ${columns} FROM checkout_attempt WHERE session_id = $1 AND user_id = $2`,
      [sessionId, userId],
    );
    return rows[0] ?? null;
  }

  /** An attempt at the same price whose answer never came: asking again under its id cannot make a second session. */
  async findUnanswered(manager: EntityManager, wanted: NewAttempt): Promise<CheckoutAttempt | null> {
    const rows: CheckoutAttempt[] = await manager.query(
      `SELECT ${columns} FROM checkout_attempt
       WHERE user_id = $1 AND price_id = $2 AND tier = $3 AND billing_cycle = $4 AND state = 'creating'
         AND created_at > now() - interval '${keyIsGoodFor}'
       ORDER BY created_at DESC LIMIT 1`,
      [wanted.userId, wanted.priceId, wanted.tier, wanted.billingCycle],
    );
    return rows[0] ?? null;
  }

  async begin(manager: EntityManager, attempt: NewAttempt): Promise<void> {
    await manager.query(
      `INSERT INTO checkout_attempt (attempt_id, user_id, tier, billing_cycle, price_id, state)
       VALUES ($1, $2, $3, $4, $5, 'creating')`,
      [attempt.attemptId, attempt.userId, attempt.tier, attempt.billingCycle, attempt.priceId],
    );
  }

  async markOpen(manager: EntityManager, attemptId: string, sessionId: string): Promise<void> {
    await manager.query(`UPDATE checkout_attempt SET state = 'open', session_id = $2 WHERE attempt_id = $1`, [
      attemptId,
      sessionId,
    ]);
  }

  /** True for the first to settle this session, which is the one to announce it. */
  async settle(
    manager: EntityManager,
    sessionId: string,
    outcome: { state: 'completed' | 'expired'; subscriptionId: string | null },
  ): Promise<boolean> {
    const [rows]: [unknown[], number] = await manager.query(
      `UPDATE checkout_attempt SET state = $2, subscription_id = $3, settled_at = now()
       WHERE session_id = $1 AND state = 'open' RETURNING attempt_id`,
      [sessionId, outcome.state, outcome.subscriptionId],
    );
    return rows.length > 0;
  }

  /** True for the first to ask, which is the one to announce it. */
  async askForPullOnce(manager: EntityManager, attemptId: string): Promise<boolean> {
    const [rows]: [unknown[], number] = await manager.query(
      `UPDATE checkout_attempt SET pull_requested_at = now()
       WHERE attempt_id = $1 AND pull_requested_at IS NULL RETURNING attempt_id`,
      [attemptId],
    );
    return rows.length > 0;
  }

  async abandon(manager: EntityManager, attemptId: string): Promise<void> {
    await manager.query(
      `UPDATE checkout_attempt SET state = 'abandoned', settled_at = now() WHERE attempt_id = $1 AND state = 'creating'`,
      [attemptId],
    );
  }
}
