import { attributesSchema } from '@billhook/contracts';
import type { Delivery } from '@billhook/messaging';
import { consumerName } from '../intake/consumer-name.js';
import { pagesOf } from './cursor.store.js';
import type { Connection } from './cursor.store.js';
import type { Hole } from './rebuild-report.js';

export interface StoredEvent {
  delivery: Delivery;
  customerId: string | null;
  recordedAt: Date;
}

interface Place {
  event_id: string;
  recorded_at: string;
}

interface StoredRow {
  type: string;
  customer_id: string | null;
  recorded_at: Date;
  headers: unknown;
  body: Buffer;
}

/** Bodies of this many are in memory at once. */
const pageSize = 200;

/**
 * Only where they stand is sorted, not their bodies. Those from before there were positions come first, in the order in which
 * their transactions began, and within one in the order in which it wrote them.
 */
const places = `
  SELECT event_id, recorded_at::text AS recorded_at FROM raw_event WHERE headers IS NOT NULL AND body IS NOT NULL
  ORDER BY position NULLS FIRST, raw_event.recorded_at, tableoid, ctid`;

const bodies = `
  SELECT raw.type, raw.customer_id, raw.recorded_at, raw.headers, raw.body
  FROM unnest($1::text[], $2::timestamptz[]) WITH ORDINALITY AS place (event_id, recorded_at, position)
  JOIN raw_event AS raw ON raw.event_id = place.event_id AND raw.recorded_at = place.recorded_at
  ORDER BY place.position`;

/** The raw events of the connection's schema in the order in which they were applied, a page at a time. */
export async function* storedEvents(connection: Connection): AsyncGenerator<StoredEvent> {
  for await (const page of pagesOf<Place>(connection, 'stored_events', places, pageSize)) {
    const { rows } = await connection.query<StoredRow>(bodies, [
      page.map((place) => place.event_id),
      page.map((place) => place.recorded_at),
    ]);
    for (const { headers, body, customer_id: customerId, recorded_at: recordedAt } of rows) {
      yield {
        delivery: { attributes: attributesSchema.parse(headers), body, redelivered: false },
        customerId,
        recordedAt,
      };
    }
  }
}

export async function countStored(connection: Connection): Promise<number> {
  const { rows } = await connection.query<{ count: number }>(
    'SELECT count(*)::int AS count FROM raw_event WHERE headers IS NOT NULL AND body IS NOT NULL',
  );
  return rows[0]?.count ?? 0;
}

/** Taken by the inbox, and not among the raw events: past their retention, or deleted. One that failed never got there. */
export async function findLost(connection: Connection): Promise<Hole> {
  return hole(
    connection,
    `FROM inbox WHERE consumer = '${consumerName}' AND outcome IN ('applied', 'ignored')
       AND NOT EXISTS (SELECT FROM raw_event WHERE raw_event.event_id = inbox.event_id)`,
  );
}

/** Their bytes were taken out by an erasure. */
export async function findRedacted(connection: Connection): Promise<Hole> {
  return hole(connection, 'FROM raw_event WHERE headers IS NULL OR body IS NULL');
}

async function hole(connection: Connection, from: string): Promise<Hole> {
  const { rows } = await connection.query<Hole>(
    `SELECT count(*)::int AS count, min(recorded_at) AS from, max(recorded_at) AS until ${from}`,
  );
  return rows[0] ?? { count: 0, from: null, until: null };
}
