import { grantToService } from '@billhook/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What the funnel counts, by Checkout session and by subscription, derived from the trail and written behind it: a count over a year
 * must not read the trail. Ids and times only.
 */
export class RollUpFunnel1797400000100 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of [...tables, rollUp, 'REVOKE ALL ON FUNCTION roll_up_funnel(integer) FROM PUBLIC']) {
      await queryRunner.query(statement);
    }
    await grantToService(queryRunner, 'SELECT', 'TABLE', 'funnel_checkout');
    await grantToService(queryRunner, 'SELECT', 'TABLE', 'funnel_end');
    await grantToService(queryRunner, 'EXECUTE', 'FUNCTION', 'roll_up_funnel(integer)');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP FUNCTION roll_up_funnel(integer)');
    await queryRunner.query('DROP TABLE funnel_checkout, funnel_end, funnel_position');
  }
}

const tables = [
  // Told of in any order: what is not known yet is null.
  `CREATE TABLE funnel_checkout (
    session_id text COLLATE "C" PRIMARY KEY,
    tier text,
    billing_cycle text,
    started_at timestamptz,
    completed_at timestamptz,
    subscription_id text COLLATE "C"
  )`,
  'CREATE INDEX funnel_checkout_started ON funnel_checkout (started_at)',
  'CREATE TABLE funnel_end (subscription_id text COLLATE "C" PRIMARY KEY, ended_at timestamptz NOT NULL)',
  `CREATE TABLE funnel_position (is_position boolean PRIMARY KEY DEFAULT true CHECK (is_position), seq bigint NOT NULL)`,
  'INSERT INTO funnel_position (seq) VALUES (0)',
];

/**
 * Takes what the next entries tell of checkouts, oldest first, and says whether there are more; false also when somebody else is at
 * it. The earliest time counts, wherever the same is told twice.
 */
const rollUp = `
  CREATE FUNCTION roll_up_funnel(most integer) RETURNS boolean
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  DECLARE
    done bigint;
    upto bigint;
    head bigint;
  BEGIN
    SELECT p.seq INTO done FROM audit.funnel_position p FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
      RETURN false;
    END IF;
    head := (SELECT e.seq FROM audit.entry e ORDER BY e.seq DESC LIMIT 1);
    upto := least(head, done + most);
    IF upto IS NULL OR upto <= done THEN
      RETURN false;
    END IF;

    WITH told AS (
      SELECT e.type, e.occurred_at, convert_from(e.content, 'UTF8')::jsonb -> 'data' AS data
      FROM audit.entry e
      WHERE e.seq > done AND e.seq <= upto AND e.occurred_at IS NOT NULL AND e.type IN (
        'billing.checkout.started', 'billing.checkout.completed', 'billing.checkout.settled',
        'stripe.checkout.session.completed', 'stripe.checkout.session.async_payment_succeeded')
    ), named AS (
      SELECT type, occurred_at, data,
        CASE WHEN starts_with(type, 'stripe.') THEN data #>> '{object,id}' ELSE data ->> 'session_id' END AS session_id,
        CASE type
          WHEN 'billing.checkout.started' THEN false
          WHEN 'billing.checkout.completed' THEN true
          WHEN 'billing.checkout.settled' THEN data ->> 'outcome' = 'succeeded'
          WHEN 'stripe.checkout.session.completed'
            THEN data #>> '{object,mode}' = 'subscription' AND data #>> '{object,payment_status}' IN ('paid', 'no_payment_required')
          ELSE data #>> '{object,mode}' = 'subscription'
        END AS is_completion
      FROM told
    )
    INSERT INTO audit.funnel_checkout AS c (session_id, tier, billing_cycle, started_at, completed_at, subscription_id)
    SELECT session_id,
      max(data ->> 'tier') FILTER (WHERE starts_with(type, 'billing.checkout.')),
      max(data ->> 'billing_cycle') FILTER (WHERE starts_with(type, 'billing.checkout.')),
      min(occurred_at) FILTER (WHERE type = 'billing.checkout.started'),
      min(occurred_at) FILTER (WHERE is_completion),
      max(coalesce(data #>> '{object,subscription}', data ->> 'subscription_id'))
    FROM named WHERE session_id IS NOT NULL
    GROUP BY session_id ORDER BY session_id
    ON CONFLICT (session_id) DO UPDATE SET
      tier = coalesce(c.tier, excluded.tier),
      billing_cycle = coalesce(c.billing_cycle, excluded.billing_cycle),
      started_at = least(c.started_at, excluded.started_at),
      completed_at = least(c.completed_at, excluded.completed_at),
      subscription_id = coalesce(c.subscription_id, excluded.subscription_id);

    INSERT INTO audit.funnel_end AS f (subscription_id, ended_at)
    SELECT data ->> 'subscription_id', min(occurred_at)
    FROM (SELECT e.occurred_at, convert_from(e.content, 'UTF8')::jsonb -> 'data' AS data FROM audit.entry e
          WHERE e.seq > done AND e.seq <= upto AND e.type = 'billing.subscription.ended' AND e.occurred_at IS NOT NULL) AS told
    WHERE data ->> 'subscription_id' IS NOT NULL
    GROUP BY data ->> 'subscription_id' ORDER BY 1
    ON CONFLICT (subscription_id) DO UPDATE SET ended_at = least(f.ended_at, excluded.ended_at);

    UPDATE audit.funnel_position SET seq = upto;
    RETURN upto < head;
  END $$`;
