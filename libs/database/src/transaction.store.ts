import type { DataSource, EntityManager } from 'typeorm';

/**
 * Runs `work` in one transaction. PostgreSQL answers COMMIT of an aborted transaction with ROLLBACK and no error, so a
 * swallowed error inside `work` would make TypeORM's own `transaction()` resolve although nothing was kept. The statement
 * before COMMIT fails in an aborted transaction (25P02) and so turns that lie into a rejection.
 */
export function inTransaction<T>(dataSource: DataSource, work: (manager: EntityManager) => Promise<T>): Promise<T> {
  return dataSource.transaction(async (manager) => {
    const result = await work(manager);
    await manager.query('SELECT 1');
    return result;
  });
}
