import type { MaintenanceTask, OwnerQuery } from '@billhook/database';
import { createMonthlyPartitions, partitionOf, partitionsFrom } from './raw-event-partitions.store.js';
import type { MonthlyPartition } from './raw-event-partitions.store.js';

/** Rows that one statement moves. */
const chunk = 5_000;
const day = 86_400_000;

/** This month's partition and the next three, each made before its first event comes. */
export function makePartitionsAhead(now: Date): MaintenanceTask {
  return async (query) => {
    const before = new Set(await attachedPartitions(query));
    await createMonthlyPartitions(query, now);
    const made = partitionsFrom(now).filter(({ name }) => !before.has(name));
    const attached = new Set(await attachedPartitions(query));
    return made.filter(({ name }) => attached.has(name)).map(({ name }) => `made partition ${name}`);
  };
}

/**
 * Rows of months that nobody made a partition for. They move in pieces, into a table that becomes the partition at the end:
 * only that last step keeps writers of such a month waiting, for one piece at most. Until then the rows moved are not found in
 * `raw_event`; a run that breaks off is carried on by the next.
 */
export const emptyDefaultPartition: MaintenanceTask = async (query) => {
  const months = await query<{ month: Date }>(
    `SELECT DISTINCT date_trunc('month', recorded_at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS month
     FROM raw_event_default ORDER BY month`,
  );
  const moved: string[] = [];
  for (const { month } of months) moved.push(await moveMonth(query, partitionOf(month)));
  return [...moved, ...(await attachLeftBehind(query))];
};

async function moveMonth(query: OwnerQuery, partition: MonthlyPartition): Promise<string> {
  const { name, from, until } = partition;
  // The check spares ATTACH from reading the whole table while it keeps writers waiting.
  const bounds = `CONSTRAINT of_its_month CHECK (recorded_at >= '${from}' AND recorded_at < '${until}')`;
  await query(`CREATE TABLE IF NOT EXISTS ${name} (LIKE raw_event INCLUDING ALL, ${bounds})`);
  let count = 0;
  for (;;) {
    const [row] = await query<{ count: number }>(movePiece(partition));
    count += row?.count ?? 0;
    if ((row?.count ?? 0) < chunk) break;
  }
  await query(attach(partition));
  return `moved ${count} rows from the default partition into ${name}`;
}

/** ctid, so that the piece is found without sorting a table that has no index by time alone. */
function movePiece({ name, from, until }: MonthlyPartition): string {
  return `
    WITH piece AS (
      DELETE FROM raw_event_default WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM raw_event_default WHERE recorded_at >= '${from}' AND recorded_at < '${until}' LIMIT ${chunk}))
      RETURNING *
    ), moved AS (INSERT INTO ${name} SELECT * FROM piece RETURNING 1)
    SELECT count(*)::int AS count FROM moved`;
}

/** One statement and so one transaction: what came in meanwhile moves too, and nobody can add to it before the table is there. */
function attach({ name, from, until }: MonthlyPartition): string {
  const bounds = `recorded_at >= '${from}' AND recorded_at < '${until}'`;
  return `
    DO $$ BEGIN
      LOCK TABLE raw_event IN SHARE UPDATE EXCLUSIVE MODE;
      LOCK TABLE raw_event_default IN ACCESS EXCLUSIVE MODE;
      WITH rest AS (DELETE FROM raw_event_default WHERE ${bounds} RETURNING *) INSERT INTO ${name} SELECT * FROM rest;
      ALTER TABLE raw_event ATTACH PARTITION ${name} FOR VALUES FROM ('${from}') TO ('${until}');
      ALTER TABLE ${name} DROP CONSTRAINT IF EXISTS of_its_month;
    END $$`;
}

/** Tables of months whose rows were all moved by a run that did not come to its end. */
async function attachLeftBehind(query: OwnerQuery): Promise<string[]> {
  const attached = new Set(await attachedPartitions(query));
  const tables = await query<{ name: string }>(
    `SELECT relname AS name FROM pg_class
     WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND relname ~ '^raw_event_[0-9]{4}_[0-9]{2}$'
     ORDER BY relname`,
  );
  const left = tables.filter(({ name }) => !attached.has(name));
  for (const { name } of left) await query(attach(partitionOf(monthOf(name))));
  return left.map(({ name }) => `attached ${name}`);
}

/**
 * Drops the months that ended this long ago. Detached first, which locks `raw_event` for a moment only; what takes time, giving
 * back the disk, happens to a table that nobody reads any more. (CONCURRENTLY is refused where there is a default partition.)
 */
export function dropOldPartitions(now: Date, retentionDays: number): MaintenanceTask {
  return async (query) => {
    const oldest = new Date(now.getTime() - retentionDays * day).toISOString();
    const old = (await attachedPartitions(query)).filter((name) => partitionOf(monthOf(name)).until <= oldest);
    for (const name of old) {
      await query(`ALTER TABLE raw_event DETACH PARTITION ${name}`);
      await query(`DROP TABLE ${name}`);
    }
    return old.map((name) => `dropped partition ${name}`);
  };
}

async function attachedPartitions(query: OwnerQuery): Promise<string[]> {
  const rows = await query<{ name: string }>(
    `SELECT relname AS name FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
     WHERE inhparent = 'raw_event'::regclass AND relname ~ '^raw_event_[0-9]{4}_[0-9]{2}$' ORDER BY relname`,
  );
  return rows.map((row) => row.name);
}

function monthOf(name: string): Date {
  return new Date(`${name.slice('raw_event_'.length).replace('_', '-')}-01T00:00:00Z`);
}
