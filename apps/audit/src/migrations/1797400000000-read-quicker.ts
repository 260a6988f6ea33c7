import { grantToService } from '@billhook/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What reading needs beside the trail: entries found by what caused them, and by the words they hold. The words are derived from
 * the trail, stand outside its chain, and are written behind it: to make them costs several times what an append does.
 */
export class ReadQuicker1797400000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of [causeIndex, wordsTable, wordsIndex, wordsOf, indexWords, revokeFromPublic]) {
      await queryRunner.query(statement);
    }
    await grantToService(queryRunner, 'SELECT', 'TABLE', 'entry_words');
    await grantToService(queryRunner, 'EXECUTE', 'FUNCTION', 'words_of(bytea)');
    await grantToService(queryRunner, 'EXECUTE', 'FUNCTION', 'index_words(integer)');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP FUNCTION index_words(integer)');
    await queryRunner.query('DROP TABLE entry_words');
    await queryRunner.query('DROP FUNCTION words_of(bytea)');
    await queryRunner.query('DROP INDEX entry_cause');
  }
}

const causeIndex = 'CREATE INDEX entry_cause ON entry (cause_id, seq) WHERE cause_id IS NOT NULL';

const wordsTable = `CREATE TABLE entry_words (
  seq bigint PRIMARY KEY, recorded_at timestamptz NOT NULL, words tsvector NOT NULL)`;
const wordsIndex = 'CREATE INDEX entry_words_words ON entry_words USING gin (words)';

/**
 * The words of an entry's data and of who did it; without their positions, which only phrases need. 'simple' knows no language:
 * what is written is found as it is written. `convert_from` is not immutable in general; from UTF-8, which every database of
 * Billhook has, it is.
 */
const wordsOf = `
  CREATE FUNCTION words_of(content bytea) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN (
    SELECT strip(jsonb_to_tsvector('simple', jsonb_build_array(c.json -> 'data', c.json -> 'actor'), '["string"]'))
    FROM (SELECT convert_from(content, 'UTF8')::jsonb) AS c (json)
  )`;

/**
 * Takes the next entries, oldest first, and says how many; 0 when there are none, or when somebody else is at it. Entries commit in
 * the order of seq, so that those up to the last one indexed are all there.
 */
const indexWords = `
  CREATE FUNCTION index_words(most integer) RETURNS bigint
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  DECLARE
    indexed bigint;
  BEGIN
    IF NOT pg_try_advisory_xact_lock('audit.entry_words'::regclass::oid::bigint) THEN
      RETURN 0;
    END IF;
    INSERT INTO audit.entry_words (seq, recorded_at, words)
    SELECT e.seq, e.recorded_at, audit.words_of(e.content) FROM audit.entry e
    WHERE e.seq > coalesce((SELECT w.seq FROM audit.entry_words w ORDER BY w.seq DESC LIMIT 1), 0)
    ORDER BY e.seq LIMIT least(most, 10000);
    GET DIAGNOSTICS indexed = ROW_COUNT;
    RETURN indexed;
  END $$`;

const revokeFromPublic = 'REVOKE ALL ON FUNCTION words_of(bytea), index_words(integer) FROM PUBLIC';
