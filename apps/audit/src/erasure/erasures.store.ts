import { Outbox } from '@billhook/messaging';
import type { Mentions } from '@billhook/messaging';
import type { EntityManager } from 'typeorm';
import { consumerName } from '../append/consumer-name.js';
import type { Erasure } from './erasure.js';

/**
 * What could not be appended is kept byte for byte: what names the person in it goes. A user id counts only as the value of a field
 * that is ours, since it may be as short as a digit.
 */
const redactParkedPage = `
  WITH page AS (SELECT event_id FROM parked_event WHERE consumer = $1 AND event_id > $2 ORDER BY event_id LIMIT $3),
  theirs AS (
    UPDATE parked_event SET headers = NULL, body = NULL, retry_at = NULL, reason = 'redacted' FROM page
    WHERE consumer = $1 AND parked_event.event_id = page.event_id AND (headers IS NOT NULL OR body IS NOT NULL) AND EXISTS (
      SELECT FROM unnest($4::text[]) AS needle
      WHERE position(convert_to(needle, 'UTF8') IN body) > 0 OR position(needle IN headers::text) > 0)
    RETURNING parked_event.event_id),
  settled AS (
    UPDATE inbox SET outcome = 'parked', reason = 'redacted' FROM theirs
    WHERE inbox.consumer = $1 AND inbox.event_id = theirs.event_id)
  SELECT max(event_id) AS last, (SELECT count(*)::int FROM theirs) AS count FROM page`;

/** Rows of one statement, which has a time limit. */
const pageSize = 500;

/** Whoever has no key any more, named by themselves or by a customer that was linked to them. */
const findErased = `
  SELECT FROM sealing_key WHERE wrapped IS NULL AND owner IN (
    SELECT 'person/' || user_id FROM unnest($1::text[]) AS named (user_id)
    UNION SELECT 'person/' || user_id FROM customer_link WHERE customer_id = ANY($2)) LIMIT 1`;

/**
 * Who parks looks for a tombstone and adds a row; who erases adds the tombstone and looks for rows. Neither would see what the other has
 * not committed yet, so one waits for the other; any number may park at once. Held to the end of the transaction.
 */
const parkingLock = "'parked_event'::regclass::oid::bigint";
const waitForErasures = `SELECT pg_advisory_xact_lock_shared(${parkingLock})`;
const waitForParking = `SELECT pg_advisory_xact_lock(${parkingLock})`;

/** Forgets people in the audit schema: their keys, what their entries were found by, and what of theirs is parked. */
export class Erasures {
  private readonly outbox = new Outbox();

  /**
   * Whether what could not be appended is somebody's who is forgotten. Holds until the end of the transaction, which is the one that
   * parks it.
   */
  async isOfErased(manager: EntityManager, { userIds, stripeIds }: Mentions): Promise<boolean> {
    await manager.query(waitForErasures);
    const rows = await manager.query<unknown[]>(findErased, [userIds, stripeIds]);
    return rows.length > 0;
  }

  /** Before the trail is locked, for which everybody else would wait meanwhile. */
  async waitForParking(manager: EntityManager): Promise<void> {
    await manager.query(waitForParking);
  }

  /**
   * In the transaction that appends the request, so that there is no entry of an erasure that was not done. Asked for again, it
   * does what is left to do, and its answer has the same id. Needs `waitForParking` before it.
   */
  async carryOut(manager: EntityManager, { eventId, data }: Erasure, now: Date): Promise<void> {
    const { user_id, request_id } = data;
    const [gone] = await manager.query<{ keys: number; index_rows: number }[]>(
      'SELECT keys, index_rows FROM erase_person($1)',
      [user_id],
    );
    const links = await manager.query<{ customer_id: string }[]>(
      'SELECT customer_id FROM customer_link WHERE user_id = $1',
      [user_id],
    );
    const needles = needlesOf(
      user_id,
      links.map(({ customer_id }) => customer_id),
    );
    const counts = {
      keys: gone?.keys ?? 0,
      index_rows: gone?.index_rows ?? 0,
      parked_events: await redactParked(manager, needles),
    };
    await this.outbox.append(manager, 'audit', [
      {
        event: { type: 'billing.account.erasure_completed', data: { user_id, request_id, service: 'audit', counts } },
        causeId: eventId,
        effect: 'audit',
        subject: user_id,
        at: now,
      },
    ]);
  }
}

async function redactParked(manager: EntityManager, needles: readonly string[]): Promise<number> {
  let count = 0;
  for (let after = ''; ;) {
    const [page] = await manager.query<{ last: string | null; count: number }[]>(redactParkedPage, [
      consumerName,
      after,
      pageSize,
      needles,
    ]);
    if (page?.last == null) return count;
    count += page.count;
    after = page.last;
  }
}

/** The texts to look for, as JSON has them: whole ids, since one may begin with another. */
function needlesOf(userId: string, customerIds: readonly string[]): string[] {
  const value = JSON.stringify(userId);
  const fields = ['user_id', 'client_reference_id', 'subject', 'cloudEvents:subject'];
  const named = fields.flatMap((field) => [`"${field}":${value}`, `"${field}": ${value}`]);
  return [...named, ...customerIds.map((id) => JSON.stringify(id))];
}
