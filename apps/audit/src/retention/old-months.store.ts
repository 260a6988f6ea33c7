import type { MaintenanceTask, OwnerQuery } from '@billhook/database';
import { isOver, lastExpiredKeyMonth, monthOf } from './months.js';
import type { Month } from './months.js';

/** Rows that one statement deletes. */
const chunk = 5_000;

/**
 * Takes away the months that ended this long ago, oldest first: detached, then forgotten by what their entries are found by, then
 * dropped. A run that breaks off is carried on by the next.
 *
 * A month goes only if what remains can still be proved: its last entry must be noted and have a checkpoint. The newest month has no
 * such entry, so the head of the chain never goes.
 */
export function forgetOldMonths(now: Date, retentionDays: number): MaintenanceTask {
  const isDue = (month: Month): boolean => isOver(month, now, retentionDays);
  return async (query) => {
    const kept = await detachMonths(query, isDue);
    const dropped: string[] = [];
    for (const month of (await monthsOf(query, detached)).filter(isDue)) dropped.push(await drop(query, month));
    return [...dropped, ...kept];
  };
}

/** What was sealed in such a month of nobody known can be opened no more, wherever a copy of it is. */
export function expireMonthKeys(now: Date, retentionDays: number): MaintenanceTask {
  return async (query) => {
    const destroyed = await query<{ owner: string }>(
      `UPDATE sealing_key SET wrapped = NULL, master_key_id = NULL, destroyed_at = now()
       WHERE starts_with(owner, 'month/') AND owner <= $1 AND wrapped IS NOT NULL RETURNING owner`,
      [`month/${lastExpiredKeyMonth(now, retentionDays)}`],
    );
    return destroyed.map(({ owner }) => `destroyed the key of ${owner}`);
  };
}

/** Says which one it stopped at, and why. */
async function detachMonths(query: OwnerQuery, isDue: (month: Month) => boolean): Promise<string[]> {
  for (const month of await monthsOf(query, attached)) {
    if (!isDue(month)) return [];
    const { partition } = month;
    if (!(await isClosed(query, partition))) return [`kept partition ${partition}: its last entry has no checkpoint`];
    await query(`ALTER TABLE entry DETACH PARTITION ${partition}`);
  }
  return [];
}

async function isClosed(query: OwnerQuery, partition: string): Promise<boolean> {
  const [last] = await query<{ closed: boolean }>(
    `SELECT EXISTS (SELECT FROM month_end WHERE seq = last.seq) AND EXISTS (SELECT FROM checkpoint WHERE seq = last.seq) AS closed
     FROM (SELECT seq FROM ${partition} ORDER BY seq DESC LIMIT 1) AS last`,
  );
  // A month without entries closes nothing.
  return last?.closed ?? true;
}

async function drop(query: OwnerQuery, { partition }: Month): Promise<string> {
  let count = 0;
  for (let after = '0'; ;) {
    const [page] = await query<Page>(forgetPage(partition), [after, chunk]);
    if (page?.last == null) break;
    count += page.count;
    after = page.last;
  }
  await query(`DROP TABLE ${partition}`);
  return `dropped partition ${partition} with ${count} entries`;
}

interface Page {
  /** Where the next one begins; null at the end. */
  last: string | null;
  count: number;
}

/** Its entries' ids, words and index rows, which are in tables without months. */
const forgetPage = (partition: string): string => `
  WITH page AS (SELECT seq, event_id FROM ${partition} WHERE seq > $1::bigint ORDER BY seq LIMIT $2),
  ids AS (DELETE FROM entry_id USING page WHERE entry_id.event_id = page.event_id AND entry_id.seq = page.seq),
  words AS (DELETE FROM entry_words WHERE seq = ANY (ARRAY(SELECT seq FROM page))),
  tokens AS (
    DELETE FROM blind_index WHERE seq BETWEEN (SELECT min(seq) FROM page) AND (SELECT max(seq) FROM page))
  SELECT max(seq)::text AS last, count(*)::int AS count FROM page`;

const attached = 'relispartition';
const detached = 'NOT relispartition';

/** Oldest first: the names sort as the months do. */
async function monthsOf(query: OwnerQuery, which: string): Promise<Month[]> {
  const rows = await query<{ name: string }>(
    `SELECT relname AS name FROM pg_class
     WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND ${which} ORDER BY relname`,
  );
  return rows.flatMap(({ name }) => monthOf(name) ?? []);
}
