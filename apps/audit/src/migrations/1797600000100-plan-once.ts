import { grantToService } from '@billhook/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What a timeline asks, as functions whose plans are made once a connection: planned anew each time, each question takes PostgreSQL
 * several times as long to plan, over the indexes of every month, as to answer.
 */
export class PlanOnce1797600000100 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of [entriesOfUser, relatedEntries, revokeFromPublic]) await queryRunner.query(statement);
    for (const signature of signatures) await grantToService(queryRunner, 'EXECUTE', 'FUNCTION', signature);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP FUNCTION ${signatures.join(', ')}`);
  }
}

const signatures = ['entries_of_user(text, bigint, integer)', 'related_entries(bigint[], bigint, integer, integer)'];

/**
 * The newest entries before one that name this user, or a customer of theirs, or an object of such a customer: an entry is found by one
 * of these only. Each branch is cut before they are merged. `seq + 0` keeps the planner off the primary key, which it would walk in
 * the hope that the user's entries are spread evenly over the trail.
 */
const entriesOfUser = `
  CREATE FUNCTION entries_of_user(of_user text, before bigint, most integer) RETURNS SETOF entry
  LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET plan_cache_mode = 'force_generic_plan' AS $$
  BEGIN
    RETURN QUERY
    SELECT found.* FROM (
      (SELECT e.* FROM audit.entry e WHERE e.user_id = of_user AND e.seq < before ORDER BY e.seq DESC LIMIT most)
      UNION ALL
      (SELECT e.* FROM audit.customer_link k CROSS JOIN LATERAL (
         SELECT * FROM audit.entry e WHERE e.user_id IS NULL AND e.customer_id = k.customer_id AND e.seq < before
         ORDER BY e.seq DESC LIMIT most) AS e
       WHERE k.user_id = of_user)
      UNION ALL
      (SELECT e.* FROM audit.entry e
       WHERE e.customer_via = ANY (ARRAY(
         SELECT o.object_id FROM audit.customer_link k JOIN audit.object_link o ON o.customer_id = k.customer_id
         WHERE k.user_id = of_user)) AND e.seq < before
       ORDER BY e.seq + 0 DESC LIMIT most)
    ) AS found ORDER BY found.seq DESC LIMIT most;
  END $$`;

/**
 * What these entries hang together with, up to `up_to`: what caused them or was caused by them, and what shares a request or a Checkout
 * session with them; the same of what is found, for so many steps. Each step takes the newest `most`, and asks only by what no step
 * before has asked by. Without the entries given. `s.seq + 0`: not by all entries up to there besides, which are all there are.
 */
const relatedEntries = `
  CREATE FUNCTION related_entries(of_entries bigint[], up_to bigint, most integer, steps integer) RETURNS SETOF entry
  LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET plan_cache_mode = 'force_generic_plan' AS $$
  DECLARE
    known bigint[] := of_entries;
    fresh bigint[] := of_entries;
    found bigint[];
    asked text[] := '{}';
    events text[];
    requests text[];
    sessions text[];
  BEGIN
    FOR step IN 1..steps LOOP
      SELECT array_agg(DISTINCT k.id) FILTER (WHERE k.kind = 'event'), array_agg(DISTINCT k.id) FILTER (WHERE k.kind = 'request'),
        array_agg(DISTINCT k.id) FILTER (WHERE k.kind = 'session')
      INTO events, requests, sessions
      FROM audit.entry e CROSS JOIN LATERAL (
        VALUES ('event', e.event_id), ('event', e.cause_id), ('request', e.request_id)
        UNION ALL SELECT 'session', s.id FROM unnest(e.stripe_ids) AS s (id) WHERE starts_with(s.id, 'cs_')
      ) AS k (kind, id)
      WHERE e.seq = ANY (fresh) AND k.kind || ' ' || k.id <> ALL (asked);

      found := '{}';
      IF events IS NOT NULL THEN
        found := ARRAY(SELECT i.seq FROM audit.entry_id i WHERE i.event_id = ANY (events) AND i.seq <= up_to)
          || ARRAY(SELECT c.seq FROM audit.entry c WHERE c.cause_id = ANY (events) AND c.seq <= up_to
                   ORDER BY c.seq + 0 DESC LIMIT most);
      END IF;
      IF requests IS NOT NULL THEN
        found := found || ARRAY(SELECT r.seq FROM audit.entry r WHERE r.request_id = ANY (requests) AND r.seq <= up_to
                                ORDER BY r.seq + 0 DESC LIMIT most);
      END IF;
      IF sessions IS NOT NULL THEN
        found := found || ARRAY(SELECT s.seq FROM audit.entry s WHERE s.stripe_ids && sessions AND s.seq + 0 <= up_to
                                ORDER BY s.seq + 0 DESC LIMIT most);
      END IF;
      fresh := ARRAY(SELECT DISTINCT f.seq FROM unnest(found) AS f (seq) WHERE f.seq <> ALL (known)
                     ORDER BY f.seq DESC LIMIT most);
      EXIT WHEN cardinality(fresh) = 0;
      known := known || fresh;
      asked := asked || ARRAY(SELECT 'event ' || id FROM unnest(events) AS k (id))
        || ARRAY(SELECT 'request ' || id FROM unnest(requests) AS k (id))
        || ARRAY(SELECT 'session ' || id FROM unnest(sessions) AS k (id));
    END LOOP;
    RETURN QUERY SELECT e.* FROM audit.entry e WHERE e.seq = ANY (known[cardinality(of_entries) + 1:]);
  END $$`;

const revokeFromPublic = `REVOKE ALL ON FUNCTION ${signatures.join(', ')} FROM PUBLIC`;
