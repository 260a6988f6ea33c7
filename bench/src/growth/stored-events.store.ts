import type pg from 'pg';
import { feedEvent, subscriptionCount } from '../load/stripe-feed.js';

/** Tables that grow with every event; the state (customers, subscriptions, accounts) grows with customers only and stays. */
const emptied = `
  DO $$ DECLARE part regclass; BEGIN
    FOR part IN SELECT relid FROM pg_partition_tree('audit.entry') LOOP
      EXECUTE format('ALTER TABLE ONLY %s DISABLE TRIGGER entry_is_append_only', part);
    END LOOP;
    TRUNCATE subscription.inbox, subscription.raw_event, subscription.outbox, gateway.inbox, audit.entry, audit.entry_id,
      audit.chain_head;
    FOR part IN SELECT relid FROM pg_partition_tree('audit.entry') LOOP
      EXECUTE format('ALTER TABLE ONLY %s ENABLE ALWAYS TRIGGER entry_is_append_only', part);
    END LOOP;
  END $$`;

/** $1 how many. Spread over the month so far: the partition of the month is where the measured events go as well. */
const recordedAt = `date_trunc('month', now()) + (now() - date_trunc('month', now())) * (i::float8 / ($1::int + 1))`;
const of = `i % ${subscriptionCount}`;

/** What an event leaves behind: an inbox row and its bytes, two announcements that were sent, and what those leave in turn. */
const loads: readonly string[] = [
  `INSERT INTO subscription.inbox (consumer, event_id, type, recorded_at)
   SELECT 'subscription', 'evt_stored_' || i, 'stripe.customer.subscription.updated', ${recordedAt}
   FROM generate_series(1, $1::int) AS i`,
  `INSERT INTO subscription.raw_event (event_id, type, customer_id, user_id, occurred_at, recorded_at, headers, body, body_sha256)
   SELECT 'evt_stored_' || i, 'stripe.customer.subscription.updated', 'cus_' || ${of}, 'user_' || ${of}, ${recordedAt},
     ${recordedAt}, json_build_object('id', 'evt_stored_' || i, 'source', 'stripe'), convert_to($2::text || i, 'UTF8'),
     sha256(convert_to(i::text, 'UTF8'))
   FROM generate_series(1, $1::int) AS i`,
  `INSERT INTO subscription.outbox (event_id, type, attributes, body, created_at, sent_at)
   SELECT gen_random_uuid(), type, json_build_object('subject', 'user_' || ${of}, 'actor', 'service:subscription'),
     convert_to(left($2::text, 900), 'UTF8'), ${recordedAt}, ${recordedAt}
   FROM generate_series(1, $1::int) AS i, (VALUES ('billing.subscription.changed'), ('billing.account.changed')) AS event (type)`,
  `INSERT INTO gateway.inbox (consumer, event_id, type, recorded_at)
   SELECT 'gateway', gen_random_uuid()::text, 'billing.account.changed', ${recordedAt} FROM generate_series(1, $1::int) AS i`,
  `INSERT INTO audit.entry (seq, event_id, type, user_id, customer_id, stripe_ids, request_id, occurred_at, recorded_at, content,
     previous_hash, content_hash, hash)
   SELECT 3 * i + n - 3, 'stored_' || i || '_' || n, type, 'user_' || ${of}, 'cus_' || ${of}, ARRAY['cus_' || ${of}, 'sub_' || ${of}],
     'request_' || i, ${recordedAt}, ${recordedAt}, convert_to(left($2::text, 700), 'UTF8'), digest, digest, digest
   FROM generate_series(1, $1::int) AS i,
     (VALUES (1, 'stripe.customer.subscription.updated'), (2, 'billing.subscription.changed'), (3, 'billing.account.changed'))
       AS event (n, type),
     LATERAL (SELECT sha256(convert_to(i || '/' || n, 'UTF8')) AS digest) AS hashed`,
  `INSERT INTO audit.entry_id SELECT 'stored_' || i || '_' || n, 3 * i + n - 3 FROM generate_series(1, $1::int) AS i, generate_series(1, 3) AS n`,
  `INSERT INTO audit.chain_head (seq, recorded_at, hash)
   SELECT 3 * $1::int, now(), sha256('made up') WHERE $1::int > 0`,
];

/**
 * As if `count` events had been through the system, and nothing else: replaces what is stored. The trail's hashes are made up, so
 * it would not verify. Vacuumed and checkpointed, as it would be had they come in over a month. No service may be running.
 */
export async function setStoredEvents(client: pg.Client, count: number): Promise<void> {
  const text = JSON.stringify(feedEvent('stored', subscriptionCount).event);
  await client.query('SET synchronous_commit = off');
  await client.query(emptied);
  for (const load of loads) await client.query(load, load.includes('$2') ? [count, text] : [count]);
  await client.query('VACUUM (ANALYZE) subscription.inbox, subscription.raw_event, subscription.outbox, gateway.inbox');
  await client.query('VACUUM (ANALYZE) audit.entry, audit.entry_id');
  await client.query('CHECKPOINT');
}
