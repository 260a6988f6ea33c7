import { createInboxTables } from '@billhook/messaging';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Dead letters of the trail's queue wait here. The trail itself is not touched: what was appended is no row of this inbox. */
export class ParkDeadLetters1796300000000 implements MigrationInterface {
  up(queryRunner: QueryRunner): Promise<void> {
    return createInboxTables(queryRunner);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE inbox, attempt, parked_event');
  }
}
