import { grantToService } from '@billhook/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Entries by month, personal data under keys. What was recorded before stays as it was, in the partition of the month that it ends
 * in: the chain covers those bytes. An entry's id is remembered in a table of its own, since a partitioned one has unique keys only
 * with its month in them; so is the head, which must outlive the months that are taken away.
 */
export class SealAndPartition1797300000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of [
      // Nobody may append while the head is read and the table exchanged.
      'LOCK TABLE entry IN ACCESS EXCLUSIVE MODE',
      ...newTables,
      fillNewTables,
      ...exchangeTable,
      makePartition,
      ...refuseOnMonthEnd,
      'DROP FUNCTION append_entries(bytea[])',
      appendFunction,
      erasePersonFunction,
      revokeFromPublic,
    ]) {
      await queryRunner.query(statement);
    }
    for (const table of ['entry', 'entry_id', 'chain_head', 'month_end', 'blind_index']) {
      await grantToService(queryRunner, 'SELECT', 'TABLE', table);
    }
    await grantToService(queryRunner, 'SELECT, INSERT, UPDATE (wrapped, master_key_id)', 'TABLE', 'sealing_key');
    await grantToService(queryRunner, 'EXECUTE', 'FUNCTION', 'append_entries(bytea[], bytea[], uuid[])');
    await grantToService(queryRunner, 'EXECUTE', 'FUNCTION', 'erase_person(text)');
  }

  /** What has been sealed cannot be unsealed, nor two months made one without writing the chain anew. */
  down(): Promise<void> {
    return Promise.reject(new Error('entries by month and under keys cannot be undone: restore a backup'));
  }
}

const newTables = [
  `CREATE TABLE entry_id (event_id text COLLATE "C" PRIMARY KEY, seq bigint NOT NULL)`,
  // One row, replaced by each batch: room on its page for the next version of it.
  `CREATE TABLE chain_head (
    is_head boolean PRIMARY KEY DEFAULT true CHECK (is_head),
    seq bigint NOT NULL,
    recorded_at timestamptz NOT NULL,
    hash bytea NOT NULL CHECK (octet_length(hash) = 32)
  ) WITH (fillfactor = 50)`,
  // The last entry of each month that is over: where what remains begins once the month has been taken away.
  `CREATE TABLE month_end (
    seq bigint PRIMARY KEY,
    recorded_at timestamptz NOT NULL,
    hash bytea NOT NULL CHECK (octet_length(hash) = 32)
  )`,
  // The service may wrap a key anew; that one was destroyed, it can neither say nor take back.
  `CREATE TABLE sealing_key (
    owner text COLLATE "C" PRIMARY KEY,
    key_id uuid NOT NULL UNIQUE,
    wrapped bytea,
    master_key_id text COLLATE "C",
    created_at timestamptz NOT NULL DEFAULT now(),
    destroyed_at timestamptz,
    CHECK ((wrapped IS NULL) = (destroyed_at IS NOT NULL)),
    CHECK ((wrapped IS NULL) = (master_key_id IS NULL))
  )`,
  // Outside the chain, so that it can be forgotten.
  `CREATE TABLE blind_index (
    token bytea NOT NULL,
    seq bigint NOT NULL,
    key_id uuid NOT NULL,
    PRIMARY KEY (token, seq)
  )`,
  'CREATE INDEX blind_index_key ON blind_index (key_id)',
  'CREATE INDEX blind_index_seq ON blind_index (seq)',
];

const fillNewTables = `
  WITH ids AS (INSERT INTO entry_id SELECT event_id, seq FROM entry)
  INSERT INTO chain_head (seq, recorded_at, hash) SELECT seq, recorded_at, hash FROM entry ORDER BY seq DESC LIMIT 1`;

/**
 * What is there becomes the partition of its last month, without a bound below. It keeps its indexes, those by address included:
 * what was not sealed is found as it always was.
 */
const exchangeTable = [
  'ALTER TABLE entry RENAME TO entry_before',
  'ALTER TABLE entry_before DROP CONSTRAINT entry_pkey, DROP CONSTRAINT entry_event_id_key',
  `DO $$ DECLARE name text; BEGIN
    FOREACH name IN ARRAY ARRAY['user', 'customer', 'via', 'type', 'ip', 'request', 'recorded', 'stripe_ids'] LOOP
      EXECUTE format('ALTER INDEX %I RENAME TO %I', 'entry_' || name, 'entry_before_' || name);
    END LOOP;
  END $$`,
  `CREATE TABLE entry (LIKE entry_before INCLUDING DEFAULTS INCLUDING CONSTRAINTS, PRIMARY KEY (seq, recorded_at))
    PARTITION BY RANGE (recorded_at)`,
  // Each ends in seq, so that a page of any depth is one range of one index of each month, newest first, without sorting.
  'CREATE INDEX entry_user ON entry (user_id, seq) WHERE user_id IS NOT NULL',
  'CREATE INDEX entry_customer ON entry (customer_id, seq) WHERE user_id IS NULL AND customer_id IS NOT NULL',
  'CREATE INDEX entry_via ON entry (customer_via, seq) WHERE customer_via IS NOT NULL',
  'CREATE INDEX entry_type ON entry (type, seq)',
  // Of what was recorded before addresses were sealed.
  'CREATE INDEX entry_ip ON entry (ip, seq) WHERE ip IS NOT NULL',
  'CREATE INDEX entry_request ON entry (request_id, seq) WHERE request_id IS NOT NULL',
  'CREATE INDEX entry_recorded ON entry (recorded_at, seq)',
  'CREATE INDEX entry_stripe_ids ON entry USING gin (stripe_ids)',
  `CREATE TRIGGER entry_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON entry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()`,
  'ALTER TABLE entry ENABLE ALWAYS TRIGGER entry_is_append_only',
  `DO $$
  DECLARE
    newest timestamptz := (SELECT max(recorded_at) FROM entry_before);
    month timestamptz := date_trunc('month', greatest(now(), newest) AT TIME ZONE 'UTC') AT TIME ZONE 'UTC';
    partition text := 'entry_' || to_char(month AT TIME ZONE 'UTC', 'YYYY_MM');
  BEGIN
    IF newest IS NULL THEN
      DROP TABLE entry_before;
      RETURN;
    END IF;
    ALTER TABLE entry_before ADD PRIMARY KEY (seq, recorded_at);
    EXECUTE format('ALTER TABLE entry_before RENAME TO %I', partition);
    EXECUTE format('ALTER TABLE entry ATTACH PARTITION %I FOR VALUES FROM (MINVALUE) TO (%L)',
                   partition, (month AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC');
  END $$`,
];

/**
 * Makes the partition of the month that a time is in, unless it is there; says whether it made one. A trigger on the whole table
 * does not hold for a partition that is named directly, so each gets its own.
 */
const makePartition = `
  CREATE FUNCTION make_entry_partition(within timestamptz) RETURNS boolean
  LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
  DECLARE
    month timestamp := date_trunc('month', within AT TIME ZONE 'UTC');
    partition text := 'entry_' || to_char(month, 'YYYY_MM');
  BEGIN
    IF to_regclass('audit.' || partition) IS NOT NULL THEN
      RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE audit.%I PARTITION OF audit.entry FOR VALUES FROM (%L) TO (%L)',
                   partition, month AT TIME ZONE 'UTC', (month + interval '1 month') AT TIME ZONE 'UTC');
    EXECUTE format('CREATE TRIGGER entry_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.%I
                    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change()', partition);
    EXECUTE format('ALTER TABLE audit.%I ENABLE ALWAYS TRIGGER entry_is_append_only', partition);
    RETURN true;
  END $$`;

const refuseOnMonthEnd = [
  `CREATE TRIGGER month_end_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON month_end
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()`,
  'ALTER TABLE month_end ENABLE ALWAYS TRIGGER month_end_is_append_only',
];

/**
 * The only way in. Takes the RFC 8785 bytes of entries in their order, and for each the token that its sealed address is found by
 * and the key that this is sealed under (null for none); appends those whose event id is new and returns them.
 *
 * The advisory lock makes one writer at a time; each statement after it has a snapshot taken after it, so it sees what the
 * writer before committed. That holds in READ COMMITTED only, which is why another isolation level is refused. seq continues
 * from the head instead of a sequence, whose numbers would be lost by a rollback.
 * A wait for a lock ends in 55P03, half way to the connection's statement_timeout: whoever waited can tell that from entries
 * that take too long.
 * A month that maintenance has made no partition for gets it here: an event must not wait for somebody to remember.
 * The hash is the one that trail/chain.ts describes.
 */
const appendFunction = `
  CREATE FUNCTION append_entries(contents bytea[], tokens bytea[], token_keys uuid[])
  RETURNS TABLE (appended_id text, appended_seq bigint)
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '3s' AS $$
  DECLARE
    last_seq bigint;
    last_hash bytea;
    last_recorded timestamptz;
    recorded timestamptz;
    recorded_bytes bytea;
    parsed jsonb[];
    known text[];
    fresh int[];  -- positions in contents, ascending
    place int;
    ordinal bigint := 0;
    digest bytea;
    digests bytea[] := '{}';
    hashes bytea[];  -- one more than digests: starts with the hash before
  BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
      RAISE EXCEPTION 'append_entries needs READ COMMITTED' USING ERRCODE = '25001';
    END IF;
    PERFORM pg_advisory_xact_lock('audit.entry'::regclass::oid::bigint);

    SELECT h.seq, h.hash, h.recorded_at INTO last_seq, last_hash, last_recorded FROM audit.chain_head h;
    IF NOT FOUND THEN
      last_seq := 0;
      last_hash := decode(repeat('00', 32), 'hex');
    END IF;
    -- The system's clock can step back; the trail's cannot. greatest() ignores the null of an empty trail.
    recorded := greatest(clock_timestamp(), last_recorded);
    recorded_bytes := int8send((extract(epoch FROM recorded) * 1000000)::bigint);

    parsed := ARRAY(
      SELECT convert_from(u.content, 'UTF8')::jsonb
      FROM unnest(contents) WITH ORDINALITY AS u (content, position) ORDER BY u.position
    );
    IF EXISTS (
      SELECT FROM unnest(parsed) AS u (p)
      WHERE jsonb_typeof(u.p -> 'id') IS DISTINCT FROM 'string' OR jsonb_typeof(u.p -> 'type') IS DISTINCT FROM 'string'
    ) THEN
      RAISE EXCEPTION 'an entry needs an id and a type' USING ERRCODE = '22023';
    END IF;
    -- By an array, not by a join: a join may be planned as a scan of the whole trail.
    known := ARRAY(
      SELECT e.event_id FROM audit.entry_id e WHERE e.event_id = ANY (ARRAY(SELECT u.p ->> 'id' FROM unnest(parsed) AS u (p)))
    );
    fresh := ARRAY(
      SELECT min(u.position)::int FROM unnest(parsed) WITH ORDINALITY AS u (p, position)
      WHERE u.p ->> 'id' <> ALL (known) GROUP BY u.p ->> 'id' ORDER BY 1
    );
    IF cardinality(fresh) = 0 THEN
      RETURN;
    END IF;

    PERFORM audit.make_entry_partition(recorded);
    IF date_trunc('month', recorded AT TIME ZONE 'UTC') > date_trunc('month', last_recorded AT TIME ZONE 'UTC') THEN
      INSERT INTO audit.month_end (seq, recorded_at, hash) VALUES (last_seq, last_recorded, last_hash);
    END IF;

    hashes := ARRAY[last_hash];
    FOREACH place IN ARRAY fresh LOOP
      ordinal := ordinal + 1;
      digest := sha256(contents[place]);
      last_hash := sha256(
        'billhook.audit.entry.v1'::bytea || int8send(last_seq + ordinal) || recorded_bytes || last_hash || digest
      );
      digests := digests || digest;
      hashes := hashes || last_hash;
    END LOOP;

    -- An invoice keeps its customer for good: the first event of it says all. A preview (upcoming_in_…) is no invoice yet.
    INSERT INTO audit.object_link (object_id, customer_id)
    SELECT c.p #>> '{data,object,id}', c.p ->> 'customer_id'
    FROM unnest(fresh) AS f (position) CROSS JOIN LATERAL (SELECT parsed[f.position]) AS c (p)
    WHERE starts_with(c.p ->> 'type', 'stripe.invoice.') AND c.p #>> '{data,object,object}' = 'invoice'
      AND starts_with(c.p #>> '{data,object,id}', 'in_') AND c.p ->> 'customer_id' IS NOT NULL
    ON CONFLICT (object_id) DO NOTHING;

    INSERT INTO audit.entry_id (event_id, seq)
    SELECT parsed[f.position] ->> 'id', last_seq + f.n FROM unnest(fresh) WITH ORDINALITY AS f (position, n);

    -- Of a key that has been destroyed meanwhile nothing is remembered. Erasing takes the same lock.
    INSERT INTO audit.blind_index (token, seq, key_id)
    SELECT tokens[f.position], last_seq + f.n, k.key_id
    FROM unnest(fresh) WITH ORDINALITY AS f (position, n)
    JOIN audit.sealing_key k ON k.key_id = token_keys[f.position] AND k.wrapped IS NOT NULL
    WHERE tokens[f.position] IS NOT NULL;

    INSERT INTO audit.chain_head (seq, recorded_at, hash) VALUES (last_seq + ordinal, recorded, last_hash)
    ON CONFLICT (is_head) DO UPDATE
    SET seq = excluded.seq, recorded_at = excluded.recorded_at, hash = excluded.hash;

    RETURN QUERY
    WITH appended AS (
      INSERT INTO audit.entry (
        seq, event_id, type, user_id, customer_id, customer_via, stripe_ids, request_id, cause_id,
        occurred_at, recorded_at, content, previous_hash, content_hash, hash
      )
      SELECT
        last_seq + f.n, c.p ->> 'id', c.p ->> 'type', c.p ->> 'user_id', c.p ->> 'customer_id',
        c.p ->> 'customer_via', ARRAY(SELECT jsonb_array_elements_text(c.p -> 'stripe_ids')),
        c.p ->> 'request_id', c.p ->> 'cause_id',
        (c.p ->> 'occurred_at')::timestamptz, recorded, contents[f.position], hashes[f.n], digests[f.n], hashes[f.n + 1]
      FROM unnest(fresh) WITH ORDINALITY AS f (position, n)
      CROSS JOIN LATERAL (SELECT parsed[f.position]) AS c (p)
      RETURNING event_id, seq, type, user_id, customer_id
    ), linked AS (
      INSERT INTO audit.customer_link (customer_id, user_id, seq)
      SELECT DISTINCT ON (a.customer_id) a.customer_id, a.user_id, a.seq FROM appended a
      WHERE a.type IN ('billing.customer.linked', 'billing.customer.relinked')
        AND a.customer_id IS NOT NULL AND a.user_id IS NOT NULL
      ORDER BY a.customer_id, a.seq DESC
      ON CONFLICT (customer_id) DO UPDATE SET user_id = excluded.user_id, seq = excluded.seq
    )
    SELECT a.event_id, a.seq FROM appended a ORDER BY a.seq;
  END $$`;

/**
 * Destroys a person's key and what their entries were found by, and leaves a row that keeps them from ever getting another. Waits
 * for the writer, so that nothing of theirs is indexed behind its back. Says how many keys and index rows went.
 */
const erasePersonFunction = `
  CREATE FUNCTION erase_person(person text) RETURNS TABLE (keys int, index_rows int)
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '3s' AS $$
  DECLARE
    erased uuid;
  BEGIN
    PERFORM pg_advisory_xact_lock('audit.entry'::regclass::oid::bigint);
    INSERT INTO audit.sealing_key (owner, key_id, destroyed_at) VALUES ('person/' || person, gen_random_uuid(), now())
    ON CONFLICT (owner) DO NOTHING;
    UPDATE audit.sealing_key k SET wrapped = NULL, master_key_id = NULL, destroyed_at = now()
    WHERE k.owner = 'person/' || person AND k.wrapped IS NOT NULL RETURNING k.key_id INTO erased;
    keys := CASE WHEN erased IS NULL THEN 0 ELSE 1 END;
    DELETE FROM audit.blind_index b WHERE b.key_id = erased;
    GET DIAGNOSTICS index_rows = ROW_COUNT;
    RETURN NEXT;
  END $$`;

/** A new function is everybody's to execute until that is taken away. */
const revokeFromPublic = `
  REVOKE ALL ON FUNCTION append_entries(bytea[], bytea[], uuid[]), erase_person(text), make_entry_partition(timestamptz)
  FROM PUBLIC`;
