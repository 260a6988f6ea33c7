import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * PostgreSQL keeps the locks of all transactions in one table of `max_locks_per_transaction` × `max_connections` places (6,400 by
 * default), and fails whoever finds it full. Three replicas with three lanes each have room for 700 apiece, for all that they lock.
 */
const mostLocks = 256;

/**
 * As in 1796400000000, where the reasons stand, but with a bound: whoever needs more locks than `mostLocks` takes one for all links
 * instead, which everybody else shares. It is the first that anybody takes, so that nobody can wait for it while holding another.
 * Each schema has its own: a rebuild beside the live one must not stop it.
 */
const boundLocks = `
  CREATE OR REPLACE FUNCTION lock_linked(given text[]) RETURNS SETOF stripe_object
  LANGUAGE plpgsql VOLATILE SET enable_seqscan = off AS $$
  DECLARE
    all_links CONSTANT bigint := hashtextextended(current_schema()::text, 1);
    locked text[] := given;
    reached text[];
  BEGIN
    LOOP
      BEGIN
        IF cardinality(locked) > ${mostLocks} THEN
          PERFORM pg_advisory_xact_lock(all_links);
        ELSE
          PERFORM pg_advisory_xact_lock_shared(all_links);
          PERFORM pg_advisory_xact_lock(key)
          FROM (SELECT DISTINCT hashtextextended(link, 0) AS key FROM unnest(locked) AS link ORDER BY key) AS ordered;
        END IF;
        SELECT array_agg(DISTINCT link) INTO reached FROM stripe_object, unnest(links) AS link WHERE links && locked;
        EXIT WHEN reached IS NULL OR reached <@ locked;
        RAISE EXCEPTION 'there is more to lock' USING ERRCODE = 'BH001';
      EXCEPTION WHEN SQLSTATE 'BH001' THEN
        locked := ARRAY(SELECT unnest(locked) UNION SELECT unnest(reached));
      END;
    END LOOP;
    RETURN QUERY SELECT * FROM stripe_object WHERE links && locked;
  END $$`;

const oneLockForEach = `
  CREATE OR REPLACE FUNCTION lock_linked(given text[]) RETURNS SETOF stripe_object
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

/** A batch has a handful of links for each payment: one of a hundred invoices and refunds may need some hundreds of locks. */
export class BoundTheLocksOfLinks1797100000100 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(boundLocks);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(oneLockForEach);
  }
}
