import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { consumerName } from '../intake/consumer-name.js';
import type { ErasureCounts } from './erasures.store.js';
import { needlesOf, subjectNeedle } from './needles.js';
import type { KnownIds } from './needles.js';

/** Rows that one statement goes through: some milliseconds, and locks on rows that nobody wants any more. */
const pageSize = 500;

interface Place {
  recorded_at: string;
  event_id: string;
}

const beginning: Place = { recorded_at: '-infinity', event_id: '' };

/** Raw events to go through, and which of them are the person's. */
interface Walk {
  through: string;
  are: string;
  value: string | string[];
}

const ofCustomer = (id: string): Walk => ({ through: 'customer_id = $4', are: 'true', value: id });
const ofUser = (id: string): Walk => ({ through: 'user_id = $4', are: 'true', value: id });
/** Those that name nobody are read for what they hold. */
const ofNobody = (needles: string[]): Walk => ({
  through: 'customer_id IS NULL AND user_id IS NULL',
  are: `EXISTS (SELECT FROM unnest($4::text[]) AS needle WHERE position(convert_to(needle, 'UTF8') IN body) > 0)`,
  value: needles,
});

/** Type, ids, times and fingerprint stay: they prove that there was an event, and which. */
const redactPage = ({ through, are }: Walk) => `
  WITH page AS (
    SELECT recorded_at, event_id FROM raw_event
    WHERE (recorded_at, event_id) > ($1::timestamptz, $2) AND ${through}
    ORDER BY recorded_at, event_id LIMIT $3),
  redacted AS (
    UPDATE raw_event SET headers = NULL, body = NULL FROM page
    WHERE raw_event.event_id = page.event_id AND raw_event.recorded_at = page.recorded_at
      AND (headers IS NOT NULL OR body IS NOT NULL) AND ${are}
    RETURNING 1)
  SELECT (SELECT count(*)::int FROM redacted) AS count, recorded_at::text, event_id FROM page
  ORDER BY page.recorded_at DESC, page.event_id DESC LIMIT 1`;

/**
 * What failed may quote the event in its reason, so of that only the head stays. Nothing can run it any more: it is due no more,
 * and shown as redacted.
 */
const redactParkedPage = `
  WITH page AS (SELECT event_id FROM parked_event WHERE consumer = $1 AND event_id > $2 ORDER BY event_id LIMIT $3),
  theirs AS (
    UPDATE parked_event SET headers = NULL, body = NULL, retry_at = NULL, reason = 'redacted' FROM page
    WHERE consumer = $1 AND parked_event.event_id = page.event_id AND (headers IS NOT NULL OR body IS NOT NULL) AND (
      key = ANY($4) OR EXISTS (
        SELECT FROM unnest($5::text[]) AS needle
        WHERE position(convert_to(needle, 'UTF8') IN body) > 0 OR position(needle IN headers::text) > 0))
    RETURNING parked_event.event_id),
  settled AS (
    UPDATE inbox SET outcome = 'parked', reason = 'redacted' FROM theirs
    WHERE inbox.consumer = $1 AND inbox.event_id = theirs.event_id)
  SELECT max(event_id) AS last, ARRAY(SELECT event_id FROM theirs) AS redacted FROM page`;

/** The page of an open invoice shows its customer's name and address to whoever has its link. */
const redactObjects = `
  WITH theirs AS (
    UPDATE stripe_object SET body = jsonb_set(body::jsonb, '{hostedInvoiceUrl}', 'null')::json
    WHERE customer_id = ANY($1) AND kind = 'invoice' AND body->>'hostedInvoiceUrl' IS NOT NULL RETURNING 1)
  SELECT count(*)::int AS count FROM theirs`;

const redactAccount = `
  UPDATE account SET body = jsonb_set(body, '{action_required,url}', 'null')
  WHERE user_id = $1 AND body->'action_required'->>'url' IS NOT NULL`;

/** Of what was published the attributes stay: a publish is never repeated without one, and they name nobody but by id. */
const redactOutboxPage = `
  WITH page AS (SELECT id FROM outbox WHERE id > $1::bigint ORDER BY id LIMIT $2),
  redacted AS (
    UPDATE outbox SET body = '{}' FROM page
    WHERE outbox.id = page.id AND sent_at IS NOT NULL AND body <> '{}'
      AND EXISTS (SELECT FROM unnest($3::text[]) AS needle WHERE position(needle IN attributes::text) > 0)
    RETURNING 1)
  SELECT max(id)::text AS last, (SELECT count(*)::int FROM redacted) AS count FROM page`;

/** Takes a person's bytes out of every table of this service, page by page, as often as one likes. */
@Injectable()
export class Redaction {
  constructor(private readonly dataSource: DataSource) {}

  /** `goesOn` is asked before each page; null when it said no. */
  async run(userId: string, goesOn: () => Promise<boolean>): Promise<ErasureCounts | null> {
    const known = await this.knownIdsOf(userId);
    const needles = needlesOf(known);
    let rawEvents = 0;
    for (const walk of [...known.customerIds.map(ofCustomer), ofUser(userId), ofNobody(needles)]) {
      const redacted = await this.redactRawEvents(walk, goesOn);
      if (redacted === null) return null;
      rawEvents += redacted;
    }
    const parked = await this.redactParked(known.customerIds, needles, goesOn);
    if (parked === null) return null;
    const [objects]: { count: number }[] = await this.dataSource.query(redactObjects, [known.customerIds]);
    await this.dataSource.query(redactAccount, [userId]);
    const subjects = [userId, ...parked].map(subjectNeedle);
    const outbox = await this.redactOutbox(subjects, goesOn);
    if (outbox === null) return null;
    return {
      raw_events: rawEvents,
      parked_events: parked.length,
      invoices: objects?.count ?? 0,
      published_events: outbox,
    };
  }

  private async knownIdsOf(userId: string): Promise<KnownIds> {
    const rows: { customerIds: string[]; objectIds: string[] }[] = await this.dataSource.query(
      `WITH mine AS (SELECT customer_id FROM customer WHERE user_id = $1)
       SELECT ARRAY(SELECT customer_id FROM mine) AS "customerIds",
              ARRAY(SELECT subscription_id FROM subscription WHERE user_id = $1
                    UNION SELECT unnest(id || links) FROM stripe_object JOIN mine USING (customer_id)) AS "objectIds"`,
      [userId],
    );
    const [{ customerIds, objectIds } = { customerIds: [], objectIds: [] }] = rows;
    return { userId, customerIds, objectIds };
  }

  private async redactRawEvents(walk: Walk, goesOn: () => Promise<boolean>): Promise<number | null> {
    let count = 0;
    for (let after = beginning; await goesOn();) {
      const rows: (Place & { count: number })[] = await this.dataSource.query(redactPage(walk), [
        after.recorded_at,
        after.event_id,
        pageSize,
        walk.value,
      ]);
      const [page] = rows;
      if (page === undefined) return count;
      count += page.count;
      after = page;
    }
    return null;
  }

  /** The ids of what was theirs. */
  private async redactParked(
    customerIds: readonly string[],
    needles: readonly string[],
    goesOn: () => Promise<boolean>,
  ): Promise<string[] | null> {
    const ids: string[] = [];
    for (let after = ''; await goesOn();) {
      const rows: { last: string | null; redacted: string[] }[] = await this.dataSource.query(redactParkedPage, [
        consumerName,
        after,
        pageSize,
        customerIds,
        needles,
      ]);
      const [page] = rows;
      if (page?.last == null) return ids;
      ids.push(...page.redacted);
      after = page.last;
    }
    return null;
  }

  private async redactOutbox(subjects: readonly string[], goesOn: () => Promise<boolean>): Promise<number | null> {
    let count = 0;
    for (let after = '0'; await goesOn();) {
      const rows: { last: string | null; count: number }[] = await this.dataSource.query(redactOutboxPage, [
        after,
        pageSize,
        subjects,
      ]);
      const [page] = rows;
      if (page?.last == null) return count;
      count += page.count;
      after = page.last;
    }
    return null;
  }
}
