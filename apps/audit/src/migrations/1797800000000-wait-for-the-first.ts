import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * On a trail without an entry each look of the funnel moved its place 20,000 entries on (`least` passes over a null), and what came
 * there was never counted. A trail that is empty moves nothing now, and all of it is looked through once more: what is told twice
 * counts once.
 */
export class WaitForTheFirst1797800000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(replaceIn('IF upto IS NULL OR', 'IF head IS NULL OR'));
    await queryRunner.query('UPDATE funnel_position SET seq = 0');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(replaceIn('IF head IS NULL OR', 'IF upto IS NULL OR'));
  }
}

const replaceIn = (from: string, to: string): string => `DO $$
  DECLARE
    definition text := pg_get_functiondef('roll_up_funnel(integer)'::regprocedure);
  BEGIN
    IF position('${from}' IN definition) = 0 THEN
      RAISE EXCEPTION 'roll_up_funnel is not as it was made';
    END IF;
    EXECUTE replace(definition, '${from}', '${to}');
  END $$`;
