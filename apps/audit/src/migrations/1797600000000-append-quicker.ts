import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The same function at less cost, above all as people become more: whether a key still exists was asked by reading all keys through.
 * Entries are read before the writer's lock is taken, which two replicas can do at once; their columns are taken out in one pass; plans
 * are made once a connection. Tokens are found by their entries' numbers when a month goes, which needs no index of every row.
 */
export class AppendQuicker1797600000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(appendFunction);
    await queryRunner.query('DROP INDEX blind_index_seq');
    await queryRunner.query('CREATE INDEX blind_index_seq ON blind_index USING brin (seq) WITH (autosummarize = on)');
  }

  /** What it appends and how that is hashed is the same: it may stay where an older version of the service runs. */
  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP INDEX blind_index_seq');
    await queryRunner.query('CREATE INDEX blind_index_seq ON blind_index (seq)');
  }
}

/**
 * As in 1797300000000, where its promises are told. What is new is how:
 *
 * - `force_generic_plan`: a custom plan would copy all contents into it as constants, and find each place in them by counting.
 * - `gin_pending_list_limit`: what waits to be sorted into the index of Stripe's ids is read through by whoever asks it.
 * - No join: it may be planned as a scan of a whole table. OFFSET 0 keeps a look-up from becoming one.
 */
const appendFunction = `
  CREATE OR REPLACE FUNCTION append_entries(contents bytea[], tokens bytea[], token_keys uuid[])
  RETURNS TABLE (appended_id text, appended_seq bigint)
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '3s'
  SET plan_cache_mode = 'force_generic_plan' SET gin_pending_list_limit = '64kB' AS $$
  DECLARE
    last_seq bigint;
    last_hash bytea;
    last_recorded timestamptz;
    recorded timestamptz;
    recorded_bytes bytea;
    parsed jsonb[];
    ids text[];
    known text[];
    fresh int[];  -- positions in contents, ascending
    ordinal bigint := 0;
    digest bytea;
    digests bytea[];
    hashes bytea[];  -- one more than digests: starts with the hash before
  BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
      RAISE EXCEPTION 'append_entries needs READ COMMITTED' USING ERRCODE = '25001';
    END IF;
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
    ids := ARRAY(SELECT u.p ->> 'id' FROM unnest(parsed) WITH ORDINALITY AS u (p, position) ORDER BY u.position);

    PERFORM pg_advisory_xact_lock('audit.entry'::regclass::oid::bigint);
    SELECT h.seq, h.hash, h.recorded_at INTO last_seq, last_hash, last_recorded FROM audit.chain_head h;
    IF NOT FOUND THEN
      last_seq := 0;
      last_hash := decode(repeat('00', 32), 'hex');
    END IF;
    -- The system's clock can step back; the trail's cannot. greatest() ignores the null of an empty trail.
    recorded := greatest(clock_timestamp(), last_recorded);
    recorded_bytes := int8send((extract(epoch FROM recorded) * 1000000)::bigint);

    known := ARRAY(SELECT e.event_id FROM audit.entry_id e WHERE e.event_id = ANY (ids));
    fresh := ARRAY(
      SELECT min(u.position)::int FROM unnest(ids) WITH ORDINALITY AS u (id, position)
      WHERE u.id <> ALL (known) GROUP BY u.id ORDER BY 1
    );
    IF cardinality(fresh) = 0 THEN
      RETURN;
    END IF;
    IF cardinality(fresh) < cardinality(contents) THEN
      contents := ARRAY(SELECT contents[f.position] FROM unnest(fresh) WITH ORDINALITY AS f (position, n) ORDER BY f.n);
      parsed := ARRAY(SELECT parsed[f.position] FROM unnest(fresh) WITH ORDINALITY AS f (position, n) ORDER BY f.n);
    END IF;

    PERFORM audit.make_entry_partition(recorded);
    IF date_trunc('month', recorded AT TIME ZONE 'UTC') > date_trunc('month', last_recorded AT TIME ZONE 'UTC') THEN
      INSERT INTO audit.month_end (seq, recorded_at, hash) VALUES (last_seq, last_recorded, last_hash);
    END IF;

    digests := ARRAY(SELECT sha256(u.content) FROM unnest(contents) WITH ORDINALITY AS u (content, n) ORDER BY u.n);
    hashes := ARRAY[last_hash];
    FOREACH digest IN ARRAY digests LOOP
      ordinal := ordinal + 1;
      last_hash := sha256(
        'billhook.audit.entry.v1'::bytea || int8send(last_seq + ordinal) || recorded_bytes || last_hash || digest
      );
      hashes := hashes || last_hash;
    END LOOP;

    -- Of a key that has been destroyed meanwhile nothing is remembered. Erasing takes the same lock.
    INSERT INTO audit.blind_index (token, seq, key_id)
    SELECT tokens[f.position], last_seq + f.n, token_keys[f.position]
    FROM unnest(fresh) WITH ORDINALITY AS f (position, n)
    WHERE tokens[f.position] IS NOT NULL AND EXISTS (
      SELECT FROM audit.sealing_key k WHERE k.key_id = token_keys[f.position] AND k.wrapped IS NOT NULL OFFSET 0
    );

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
        last_seq + c.n, r.id, r.type, r.user_id, r.customer_id, r.customer_via, coalesce(r.stripe_ids, '{}'),
        r.request_id, r.cause_id, r.occurred_at, recorded, c.content, c.previous_hash, c.content_hash, c.hash
      FROM unnest(parsed, contents, hashes[:ordinal], digests, hashes[2:])
        WITH ORDINALITY AS c (p, content, previous_hash, content_hash, hash, n)
      CROSS JOIN LATERAL jsonb_to_record(c.p) AS r (
        id text, type text, user_id text, customer_id text, customer_via text, stripe_ids text[], request_id text,
        cause_id text, occurred_at timestamptz)
      RETURNING event_id, seq, type, user_id, customer_id
    ), remembered AS (
      INSERT INTO audit.entry_id (event_id, seq) SELECT a.event_id, a.seq FROM appended a
    ), objects AS (
      -- An invoice keeps its customer for good: the first event of it says all. A preview (upcoming_in_…) is no invoice yet.
      INSERT INTO audit.object_link (object_id, customer_id)
      SELECT i.p #>> '{data,object,id}', i.customer_id
      FROM (SELECT parsed[(a.seq - last_seq)::int] AS p, a.customer_id FROM appended a
            WHERE starts_with(a.type, 'stripe.invoice.') AND a.customer_id IS NOT NULL ORDER BY a.seq OFFSET 0) AS i
      WHERE i.p #>> '{data,object,object}' = 'invoice' AND starts_with(i.p #>> '{data,object,id}', 'in_')
      ON CONFLICT (object_id) DO NOTHING
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
