import { addRetries, dropRetries } from '@billhook/messaging';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddRetries1796300000010 implements MigrationInterface {
  /** It builds indexes while the service is at work, which PostgreSQL does outside of transactions only. */
  readonly transaction = false;

  up(queryRunner: QueryRunner): Promise<void> {
    return addRetries(queryRunner);
  }

  down(queryRunner: QueryRunner): Promise<void> {
    return dropRetries(queryRunner);
  }
}
