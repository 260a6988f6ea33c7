import { grantToService } from '@billhook/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const tables = [
  // customer_id is null until it is known whose an object is; links are the ids by which that is found out. told: what was
  // announced of it last. The body is json and not jsonb: written once, read whole, its keys in the order of the rules.
  `CREATE TABLE stripe_object (
     kind        text NOT NULL CHECK (kind IN ('invoice', 'invoice_payment', 'charge', 'refund', 'dispute', 'schedule',
                   'deleted_customer')),
     id          text NOT NULL,
     customer_id text REFERENCES customer,
     links       text[] NOT NULL,
     told        text,
     body        json NOT NULL,
     updated_at  timestamptz NOT NULL DEFAULT now(),
     PRIMARY KEY (kind, id)
   )`,
  'CREATE INDEX stripe_object_of_customer ON stripe_object (customer_id) WHERE customer_id IS NOT NULL',
  // Without a pending list, which every search would have to read from its beginning to its end.
  'CREATE INDEX stripe_object_by_link ON stripe_object USING gin (links) WITH (fastupdate = off)',
  'CREATE INDEX customer_of_user ON customer (user_id) WHERE user_id IS NOT NULL',
];

/**
 * Locks the given ids and those that the objects known by them lead to, all in one order, and returns these objects. Two batches
 * that hold the two ends of one chain want the lock of its middle, whoever wrote that: the later one sees what the earlier wrote.
 *
 * How far a chain leads is known only under its locks. When it leads further than what is locked, the locks are given back (a
 * handled exception undoes what its block has locked) and all are taken anew: taking more on top would be out of order, and two
 * could wait for each other. A volatile function sees in each statement what was committed until then. enable_seqscan: before the
 * first ANALYZE the planner takes a search by many ids for one that finds half of the table.
 */
const lockLinked = `
  CREATE FUNCTION lock_linked(given text[]) RETURNS SETOF stripe_object
  LANGUAGE plpgsql VOLATILE SET enable_seqscan = off AS $$
  DECLARE
    locked text[] := given;
    reached text[];
  BEGIN
    LOOP
      BEGIN
        PERFORM pg_advisory_xact_lock(key)
        FROM (SELECT DISTINCT hashtextextended(link, 0) AS key FROM unnest(locked) AS link ORDER BY key) AS ordered;
        SELECT array_agg(DISTINCT link) INTO reached FROM stripe_object, unnest(links) AS link WHERE links && locked;
        EXIT WHEN reached IS NULL OR reached <@ locked;
        RAISE EXCEPTION 'there is more to lock' USING ERRCODE = 'BH001';
      EXCEPTION WHEN SQLSTATE 'BH001' THEN
        locked := ARRAY(SELECT unnest(locked) UNION SELECT unnest(reached));
      END;
    END LOOP;
    RETURN QUERY SELECT * FROM stripe_object WHERE links && locked;
  END $$`;

/** Stripe's objects beside subscriptions: what the tier goes by, and what leads from a refund to whom it is of. */
export class KeepStripeObjects1796400000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of tables) await queryRunner.query(statement);
    await grantToService(queryRunner, 'SELECT, INSERT, UPDATE', 'TABLE', 'stripe_object');
    await queryRunner.query(lockLinked);
    await queryRunner.query('REVOKE ALL ON FUNCTION lock_linked(text[]) FROM PUBLIC');
    await grantToService(queryRunner, 'EXECUTE', 'FUNCTION', 'lock_linked(text[])');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP FUNCTION lock_linked(text[])');
    await queryRunner.query('DROP TABLE stripe_object');
    await queryRunner.query('DROP INDEX customer_of_user');
  }
}
