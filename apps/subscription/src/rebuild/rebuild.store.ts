import { dropShadow, migrate } from '@billhook/database';
import { Client } from 'pg';
import type { Rules } from '../ledger/ledger.js';
import { schema } from '../schema.js';
import { batchesOf } from './batches.js';
import { compareRows } from './compare-rows.js';
import type { RebuildReport } from './rebuild-report.js';
import { comparedTables, rowsOf } from './rows.store.js';
import { Shadow, shadowSchema } from './shadow.store.js';
import { countStored, findLost, findRedacted, storedEvents } from './stored-events.store.js';

export interface RebuildOptions {
  adminUrl: string;
  serviceUrl: string;
  /** `now` is replaced by the moment of each event. */
  rules: Rules;
  /** Leaves the shadow schema there, to be looked at. */
  keep: boolean;
  progress: (line: string) => void;
}

/** Any fixed number but those of the other advisory locks (7,203,114 to 7,203,116). */
const rebuildLock = 7_203_117;
const progressEvery = 5_000;

/**
 * Applies all raw events again, on a schema beside the live one, and compares the two. Live is seen as it stood at one moment:
 * events and rows of one snapshot, read only. Two at once would share the shadow: the second rejects.
 */
export async function rebuild(options: RebuildOptions): Promise<RebuildReport> {
  return withSnapshot(options.serviceUrl, async (live) => {
    const place = { adminUrl: options.adminUrl, serviceUrl: options.serviceUrl, schema: shadowSchema };
    await dropShadow(place);
    await migrate({ ...place, service: { ...schema, schema: shadowSchema } });
    try {
      return await fillAndCompare(live, options);
    } finally {
      if (!options.keep) await dropShadow(place);
    }
  });
}

async function withSnapshot<T>(url: string, work: (live: Client) => Promise<T>): Promise<T> {
  const live = connection(url, schema.schema);
  await live.connect();
  try {
    const { rows } = await live.query<{ held: boolean }>('SELECT pg_try_advisory_lock($1) AS held', [rebuildLock]);
    if (rows[0]?.held !== true) throw new Error('another rebuild is at work');
    await live.query('BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY');
    return await work(live);
  } finally {
    await live.end();
  }
}

/** It stands in a transaction for as long as the rebuild takes, and sorts all that there is. */
function connection(connectionString: string, searchPath: string): Client {
  const options = `-c search_path=${searchPath} -c statement_timeout=0 -c idle_in_transaction_session_timeout=0`;
  return new Client({
    connectionString,
    application_name: 'billhook-rebuild',
    connectionTimeoutMillis: 5_000,
    options,
  });
}

async function fillAndCompare(live: Client, options: RebuildOptions): Promise<RebuildReport> {
  const startedAt = performance.now();
  const shadow = await Shadow.open(options.serviceUrl, options.rules);
  try {
    const events = await fill(live, shadow, options.progress);
    const waiting = await pendingOf(live);
    const unanswered = await shadow.findUnanswered();
    return {
      events,
      tables: await compareTables(live, options.serviceUrl),
      lost: await findLost(live),
      redacted: await findRedacted(live),
      unanswered: unanswered.filter((id) => !waiting.has(id)),
      failed: await shadow.findFailed(),
      seconds: (performance.now() - startedAt) / 1000,
    };
  } finally {
    await shadow.close();
  }
}

async function fill(live: Client, shadow: Shadow, progress: RebuildOptions['progress']): Promise<number> {
  const [total, startedAt] = [await countStored(live), performance.now()];
  let count = 0;
  for await (const batch of batchesOf(storedEvents(live))) {
    const [first] = batch;
    if (first !== undefined) await shadow.apply(batch, first.recordedAt);
    const before = count;
    count += batch.length;
    if (Math.floor(before / progressEvery) === Math.floor(count / progressEvery)) continue;
    const rate = Math.round((count / (performance.now() - startedAt)) * 1000);
    progress(`${count} of ${total} events, ${rate} a second`);
  }
  return count;
}

async function compareTables(live: Client, url: string): Promise<RebuildReport['tables']> {
  const rebuilt = connection(url, shadowSchema);
  await rebuilt.connect();
  try {
    await rebuilt.query('BEGIN TRANSACTION READ ONLY');
    const tables: RebuildReport['tables'] = [];
    for (const compared of comparedTables) {
      const comparison = await compareRows(rowsOf(live, compared), rowsOf(rebuilt, compared));
      tables.push({ table: compared.table, comparison });
    }
    return tables;
  } finally {
    await rebuilt.end();
  }
}

/** What live itself still waits to hear from Stripe is no hole. */
async function pendingOf(live: Client): Promise<Set<string>> {
  const { rows } = await live.query<{ id: string }>('SELECT subscription_id AS id FROM pending_fetch');
  return new Set(rows.map(({ id }) => id));
}
