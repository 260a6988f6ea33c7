import { grantToService } from '@billhook/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AdoptCustomers1796700000200 implements MigrationInterface {
  /** How far an import has come: rows are there from its first run to its end. */
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`CREATE TABLE customer_import (
      import_id   text NOT NULL,
      line        bigint NOT NULL,
      user_id     text,
      customer_id text,
      outcome     text CHECK (outcome IN ('linked', 'already_linked', 'would_link', 'repeated', 'refused')),
      reason      text,
      detail      text,
      PRIMARY KEY (import_id, line)
    )`);
    // Whole pairs: a file in which every line names the same customer must not be read once for each of its lines.
    const pairs = { of_user: 'user_id, customer_id, line', of_customer: 'customer_id, user_id, line' };
    for (const [name, columns] of Object.entries(pairs)) {
      await queryRunner.query(`CREATE INDEX customer_import_${name} ON customer_import (import_id, ${columns})`);
    }
    await grantToService(queryRunner, 'SELECT, INSERT, UPDATE, DELETE', 'TABLE', 'customer_import');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE customer_import');
  }
}
