import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { consumerName } from '../account/consumer-name.js';
import type { ErasureAnswer } from './erasure-status.js';

/** By what it is called in the answer; each is safe to repeat. $1 is the user. Ids stay: they are pseudonyms. */
const statements = {
  users: `UPDATE app_user SET email = NULL WHERE user_id = $1 AND email IS NOT NULL`,
  // attempt_id and customer_id stay: a late answer of Stripe's still finds whose it is.
  customers: `UPDATE customer SET email = NULL WHERE user_id = $1 AND email IS NOT NULL`,
  preferences: 'DELETE FROM preferences WHERE user_id = $1',
  accounts: 'DELETE FROM account WHERE user_id = $1',
  pending_changes: 'DELETE FROM pending_change WHERE user_id = $1',
  previews: 'DELETE FROM change_preview WHERE user_id = $1',
  import_rows: 'DELETE FROM customer_import WHERE user_id = $1',
} as const;

/** A parked event may hold anything. Nothing can run it any more. */
const redactParkedPage = `
  WITH page AS (SELECT event_id FROM parked_event WHERE consumer = $1 AND event_id > $2 ORDER BY event_id LIMIT $3),
  theirs AS (
    UPDATE parked_event SET headers = NULL, body = NULL, retry_at = NULL, reason = 'redacted' FROM page
    WHERE consumer = $1 AND parked_event.event_id = page.event_id AND (headers IS NOT NULL OR body IS NOT NULL)
      AND (position($4 IN headers::text) > 0 OR position(convert_to($4, 'UTF8') IN body) > 0
        OR position(convert_to($5, 'UTF8') IN body) > 0)
    RETURNING parked_event.event_id),
  settled AS (
    UPDATE inbox SET outcome = 'parked', reason = 'redacted' FROM theirs
    WHERE inbox.consumer = $1 AND inbox.event_id = theirs.event_id)
  SELECT max(event_id) AS last, (SELECT count(*)::int FROM theirs) AS count FROM page`;

/** What was published: an e-mail when the account was opened, and from where and by which browser everything else was asked. */
const redactOutboxPage = `
  WITH page AS (SELECT id FROM outbox WHERE id > $1::bigint ORDER BY id LIMIT $2),
  redacted AS (
    UPDATE outbox SET body = '{}', attributes = (attributes::jsonb - 'remoteaddress' - 'useragent')::json FROM page
    WHERE outbox.id = page.id AND sent_at IS NOT NULL AND body <> '{}' AND position($3 IN attributes::text) > 0
    RETURNING 1)
  SELECT max(id)::text AS last, (SELECT count(*)::int FROM redacted) AS count FROM page`;

const pageSize = 1_000;

/** A person's data in the tables of this service. */
@Injectable()
export class OwnData {
  /** Whether everything that was announced of the user has left; until then it cannot be taken back. */
  async hasAllLeft(manager: EntityManager, userId: string): Promise<boolean> {
    const rows: unknown[] = await manager.query(
      'SELECT FROM outbox WHERE sent_at IS NULL AND position($1 IN attributes::text) > 0 LIMIT 1',
      [subjectOf(userId)],
    );
    return rows.length === 0;
  }

  /** Everything but what was published or parked. In one transaction. */
  async erase(manager: EntityManager, userId: string): Promise<ErasureAnswer['counts']> {
    const counts: Record<string, number> = {};
    for (const [name, statement] of Object.entries(statements)) {
      const rows: { count: number }[] = await manager.query(
        `WITH done AS (${statement} RETURNING 1) SELECT count(*)::int AS count FROM done`,
        [userId],
      );
      counts[name] = rows[0]?.count ?? 0;
    }
    return counts;
  }

  /** Page by page, each in a transaction of its own. */
  redactPublished(manager: EntityManager, userId: string): Promise<number> {
    return pageByPage('0', (after) => manager.query(redactOutboxPage, [after, pageSize, subjectOf(userId)]));
  }

  /** Page by page as well: what comes from now on is parked without its bytes. */
  redactParked(manager: EntityManager, userId: string): Promise<number> {
    const named = [subjectOf(userId), `"user_id":${JSON.stringify(userId)}`];
    return pageByPage('', (after) => manager.query(redactParkedPage, [consumerName, after, pageSize, ...named]));
  }
}

interface Page {
  /** Where the next one begins; null past the end. */
  last: string | null;
  count: number;
}

async function pageByPage(beginning: string, redact: (after: string) => Promise<Page[]>): Promise<number> {
  let count = 0;
  for (let after = beginning; ;) {
    const [page] = await redact(after);
    if (page?.last == null) return count;
    count += page.count;
    after = page.last;
  }
}

function subjectOf(userId: string): string {
  return `"subject":${JSON.stringify(userId)}`;
}
