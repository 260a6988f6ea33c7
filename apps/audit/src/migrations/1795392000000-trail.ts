import { grantToService } from '@billhook/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The trail. The service's role may read it and call `append_entries`; it has no INSERT, UPDATE, DELETE or TRUNCATE, and cannot
 * become the owner. Triggers refuse changes by the owner too, also in a session that replays as a replica (ENABLE ALWAYS).
 */
export class Trail1795392000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of [
      entryTable,
      ...entryIndexes,
      ...linkTables,
      ...refusal,
      appendFunction,
      revokeFromPublic,
    ]) {
      await queryRunner.query(statement);
    }
    await grantToService(queryRunner, 'SELECT', 'TABLE', 'entry');
    await grantToService(queryRunner, 'SELECT', 'TABLE', 'customer_link');
    await grantToService(queryRunner, 'SELECT', 'TABLE', 'object_link');
    await grantToService(queryRunner, 'EXECUTE', 'FUNCTION', 'append_entries(bytea[])');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP FUNCTION append_entries(bytea[])');
    await queryRunner.query('DROP TABLE entry, customer_link, object_link');
    await queryRunner.query('DROP FUNCTION refuse_change()');
  }
}

/**
 * Everything but seq, recorded_at and the hashes is derived from `content` and is only an index into it. COLLATE "C": prefix
 * ranges work, and no change of the system's locale data can ever break an index. An entry is found by its user, else by its
 * customer, else by customer_via: by one of them only, or a page would list it twice.
 */
const entryTable = `
  CREATE TABLE entry (
    seq bigint PRIMARY KEY CHECK (seq > 0),
    event_id text COLLATE "C" NOT NULL UNIQUE,
    type text COLLATE "C" NOT NULL,
    user_id text COLLATE "C",
    customer_id text COLLATE "C",
    customer_via text COLLATE "C" CHECK (customer_via IS NULL OR (user_id IS NULL AND customer_id IS NULL)),
    stripe_ids text[] COLLATE "C" NOT NULL,
    ip text COLLATE "C",
    user_agent text,
    request_id text COLLATE "C",
    cause_id text COLLATE "C",
    occurred_at timestamptz,
    recorded_at timestamptz NOT NULL,
    content bytea NOT NULL,
    previous_hash bytea NOT NULL CHECK (octet_length(previous_hash) = 32),
    content_hash bytea NOT NULL CHECK (octet_length(content_hash) = 32),
    hash bytea NOT NULL CHECK (octet_length(hash) = 32)
  )`;

/** Each ends in seq, so that a page of any depth is one range of one index, newest first, without sorting. */
const entryIndexes = [
  'CREATE INDEX entry_user ON entry (user_id, seq) WHERE user_id IS NOT NULL',
  'CREATE INDEX entry_customer ON entry (customer_id, seq) WHERE user_id IS NULL AND customer_id IS NOT NULL',
  'CREATE INDEX entry_via ON entry (customer_via, seq) WHERE customer_via IS NOT NULL',
  'CREATE INDEX entry_type ON entry (type, seq)',
  'CREATE INDEX entry_ip ON entry (ip, seq) WHERE ip IS NOT NULL',
  'CREATE INDEX entry_request ON entry (request_id, seq) WHERE request_id IS NOT NULL',
  'CREATE INDEX entry_recorded ON entry (recorded_at, seq)',
  'CREATE INDEX entry_stripe_ids ON entry USING gin (stripe_ids)',
];

/**
 * Which user a Stripe customer belongs to, by the newest announcement; and which customer a Stripe object is of, for the events
 * about things that name that object and no customer. Joined when entries are read, because an event may be recorded before the
 * link is.
 */
const linkTables = [
  `CREATE TABLE customer_link (
    customer_id text COLLATE "C" PRIMARY KEY,
    user_id text COLLATE "C" NOT NULL,
    seq bigint NOT NULL
  )`,
  'CREATE INDEX customer_link_user ON customer_link (user_id)',
  `CREATE TABLE object_link (
    object_id text COLLATE "C" PRIMARY KEY,
    customer_id text COLLATE "C" NOT NULL
  )`,
  'CREATE INDEX object_link_customer ON object_link (customer_id)',
];

const refusal = [
  `CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
  BEGIN
    RAISE EXCEPTION 'the audit trail is append-only: % on % is refused', TG_OP, TG_TABLE_NAME USING ERRCODE = '42501';
  END $$`,
  `CREATE TRIGGER entry_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON entry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()`,
  'ALTER TABLE entry ENABLE ALWAYS TRIGGER entry_is_append_only',
];

/**
 * The only way in. Takes the RFC 8785 bytes of entries in their order; appends those whose event id is new and returns them.
 *
 * The advisory lock makes one writer at a time; each statement after it has a snapshot taken after it, so it sees what the
 * writer before committed. That holds in READ COMMITTED only, which is why another isolation level is refused. seq continues
 * from the last entry instead of a sequence, whose numbers would be lost by a rollback.
 * A wait for a lock ends in 55P03, half way to the connection's statement_timeout: whoever waited can tell that from entries
 * that take too long.
 * The hash is the one that trail/chain.ts describes.
 */
const appendFunction = `
  CREATE FUNCTION append_entries(contents bytea[]) RETURNS TABLE (appended_id text, appended_seq bigint)
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '5s' AS $$
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

    SELECT e.seq, e.hash, e.recorded_at INTO last_seq, last_hash, last_recorded
      FROM audit.entry e ORDER BY e.seq DESC LIMIT 1;
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
      SELECT e.event_id FROM audit.entry e WHERE e.event_id = ANY (ARRAY(SELECT u.p ->> 'id' FROM unnest(parsed) AS u (p)))
    );
    fresh := ARRAY(
      SELECT min(u.position)::int FROM unnest(parsed) WITH ORDINALITY AS u (p, position)
      WHERE u.p ->> 'id' <> ALL (known) GROUP BY u.p ->> 'id' ORDER BY 1
    );

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

    RETURN QUERY
    WITH appended AS (
      INSERT INTO audit.entry (
        seq, event_id, type, user_id, customer_id, customer_via, stripe_ids, ip, user_agent, request_id, cause_id,
        occurred_at, recorded_at, content, previous_hash, content_hash, hash
      )
      SELECT
        last_seq + f.n, c.p ->> 'id', c.p ->> 'type', c.p ->> 'user_id', c.p ->> 'customer_id',
        c.p ->> 'customer_via', ARRAY(SELECT jsonb_array_elements_text(c.p -> 'stripe_ids')),
        c.p ->> 'ip', c.p ->> 'user_agent', c.p ->> 'request_id', c.p ->> 'cause_id',
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

/** A new function is everybody's to execute until that is taken away. */
const revokeFromPublic = 'REVOKE ALL ON FUNCTION append_entries(bytea[]), refuse_change() FROM PUBLIC';
