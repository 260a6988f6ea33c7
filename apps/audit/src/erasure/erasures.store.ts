import { Outbox } from '@billhook/messaging';
import type { EntityManager } from 'typeorm';
import { consumerName } from '../append/consumer-name.js';
import type { Erasure } from './erasure.js';

/**
 * What could not be appended is kept byte for byte: what names the person in it goes. A user id counts only as the value of a field
 * that is ours, since it may be as short as a digit.
 */
const redactParked = `
  WITH theirs AS (
    UPDATE parked_event SET headers = NULL, body = NULL, retry_at = NULL, reason = 'redacted'
    WHERE consumer = $1 AND (headers IS NOT NULL OR body IS NOT NULL) AND EXISTS (
      SELECT FROM unnest($2::text[]) AS needle
      WHERE position(convert_to(needle, 'UTF8') IN body) > 0 OR position(needle IN headers::text) > 0)
    RETURNING event_id),
  settled AS (
    UPDATE inbox SET outcome = 'parked', reason = 'redacted' FROM theirs
    WHERE inbox.consumer = $1 AND inbox.event_id = theirs.event_id)
  SELECT count(*)::int AS count FROM theirs`;

/** Forgets people in the audit schema: their keys, what their entries were found by, and what of theirs is parked. */
export class Erasures {
  private readonly outbox = new Outbox();

  /**
   * In the transaction that appends the request, so that there is no entry of an erasure that was not done. Asked for again, it
   * does what is left to do, and its answer has the same id.
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
    const [parked] = await manager.query<{ count: number }[]>(redactParked, [consumerName, needles]);
    const counts = {
      keys: gone?.keys ?? 0,
      index_rows: gone?.index_rows ?? 0,
      parked_events: parked?.count ?? 0,
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

/** The texts to look for, as JSON has them: whole ids, since one may begin with another. */
function needlesOf(userId: string, customerIds: readonly string[]): string[] {
  const value = JSON.stringify(userId);
  const fields = ['user_id', 'client_reference_id', 'subject', 'cloudEvents:subject'];
  const named = fields.flatMap((field) => [`"${field}":${value}`, `"${field}": ${value}`]);
  return [...named, ...customerIds.map((id) => JSON.stringify(id))];
}
