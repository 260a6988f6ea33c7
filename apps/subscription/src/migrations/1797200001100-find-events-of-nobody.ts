import type { MigrationInterface, QueryRunner } from 'typeorm';

const definition = '(recorded_at, event_id) WHERE customer_id IS NULL AND user_id IS NULL';

/**
 * Raw events that name neither a customer nor a user: an erasure reads them for ids of its user's, and must not read all others
 * for them. Built part by part while the service is at work; PostgreSQL builds none concurrently on the whole. One that was
 * interrupted left an invalid index behind, hence the DROP.
 */
export class FindEventsOfNobody1797200001100 implements MigrationInterface {
  readonly transaction = false;

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP INDEX IF EXISTS raw_event_of_nobody');
    await queryRunner.query(`CREATE INDEX raw_event_of_nobody ON ONLY raw_event ${definition}`);
    const parts = await queryRunner.manager.query<{ name: string }[]>(
      `SELECT relid::regclass::text AS name FROM pg_partition_tree('raw_event') WHERE isleaf ORDER BY 1`,
    );
    for (const { name } of parts) {
      await queryRunner.query(`DROP INDEX CONCURRENTLY IF EXISTS ${name}_of_nobody`);
      await queryRunner.query(`CREATE INDEX CONCURRENTLY ${name}_of_nobody ON ${name} ${definition}`);
      await queryRunner.query(`ALTER INDEX raw_event_of_nobody ATTACH PARTITION ${name}_of_nobody`);
    }
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP INDEX IF EXISTS raw_event_of_nobody');
  }
}
