import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { setTimeout as delay } from 'node:timers/promises';

/** serialization_failure and deadlock_detected: PostgreSQL chose this transaction so that another could go on. */
const lostToAnother = new Set(['40001', '40P01']);
const mostAttempts = 5;
const firstPauseMs = 20;

/**
 * Runs `work` in one transaction, on any connection of a data source or on the one that a manager is bound to. PostgreSQL
 * answers COMMIT of an aborted transaction with ROLLBACK and no error, so a swallowed error inside `work` would make TypeORM's
 * own `transaction()` resolve although nothing was kept. The statement before COMMIT fails in an aborted transaction (25P02)
 * and so turns that lie into a rejection.
 *
 * On a data source, `work` runs again from its beginning when the transaction lost to a concurrent one: what it remembers
 * outside the database must bear that.
 */
export async function inTransaction<T>(
  source: DataSource | EntityManager,
  work: (manager: EntityManager) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await once(source, work);
    } catch (error) {
      if (!(source instanceof DataSource) || attempt >= mostAttempts || !hasLost(error)) throw error;
    }
    // Both would meet again if they waited for the same time.
    await delay(firstPauseMs * 2 ** (attempt - 1) * (0.5 + Math.random()));
  }
}

function once<T>(source: DataSource | EntityManager, work: (manager: EntityManager) => Promise<T>): Promise<T> {
  return source.transaction(async (manager) => {
    const result = await work(manager);
    await manager.query('SELECT 1');
    return result;
  });
}

function hasLost(error: unknown): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && lostToAnother.has(error.code);
}
