import { createPriceMemory } from '@billhook/catalogue';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class RememberPrices1796700000000 implements MigrationInterface {
  up(queryRunner: QueryRunner): Promise<void> {
    return createPriceMemory(queryRunner);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE known_price');
  }
}
