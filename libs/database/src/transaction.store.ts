import type { DataSource, EntityManager } from 'typeorm';

/**
 * Runs `work` in one transaction, on any connection of a data source or on the one that a manager is bound to. PostgreSQL answers COMMIT of an aborted transaction with ROLLBACK and no error, so a
 * swallowed error inside `work` would make TypeORM's own `transaction()` resolve although nothing was kept. The statement
 * before COMMIT fails in an aborted transaction (25P02) and so turns that lie into a rejection.
 */
export function inTransaction<T>(
  source: DataSource | EntityManager,
  work: (manager: EntityManager) => Promise<T>,
): Promise<T> {
  return source.transaction(async (manager) => {
    const result = await work(manager);
    await manager.query('SELECT 1');
    return result;
  });
}
