import { addRetries, dropRetries } from '@billhook/messaging';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddRetries1796000000000 implements MigrationInterface {
  /** Its indexes are built while the service is at work, which PostgreSQL does outside of transactions only. */
  readonly transaction = false;

  up(queryRunner: QueryRunner): Promise<void> {
    return addRetries(queryRunner);
  }

  down(queryRunner: QueryRunner): Promise<void> {
    return dropRetries(queryRunner);
  }
}
