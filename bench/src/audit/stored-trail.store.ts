import { AppendStore } from '../../../apps/audit/src/append/append.store.js';
import { MasterKeys } from '../../../apps/audit/src/seal/master-keys.js';
import { Sealer } from '../../../apps/audit/src/seal/sealer.store.js';
import type { SealedEntry } from '../../../apps/audit/src/seal/sealed-entry.js';
import { SealingKeys } from '../../../apps/audit/src/seal/sealing-keys.store.js';
import { toDraft } from '../../../apps/audit/src/trail/content.js';
import { dataSourceOptions } from '@billhook/database';
import type { OutgoingEvent } from '@billhook/messaging';
import pg from 'pg';
import { DataSource } from 'typeorm';

export interface WriterSettings {
  serviceUrl: string;
  masterKey: string;
  indexKey: string;
}

/** The trail as the service writes it, with the service's own code and role. */
export class TrailWriter {
  private readonly store: AppendStore;
  private readonly sealer: Sealer;

  private constructor(
    private readonly dataSource: DataSource,
    { masterKey, indexKey }: WriterSettings,
  ) {
    const masters = MasterKeys.from([Buffer.from(masterKey, 'base64')]);
    this.store = new AppendStore(dataSource);
    this.sealer = new Sealer(new SealingKeys(dataSource, masters), Buffer.from(indexKey, 'base64'));
  }

  static async open(settings: WriterSettings): Promise<TrailWriter> {
    const options = dataSourceOptions({
      url: settings.serviceUrl,
      schema: 'audit',
      applicationName: 'bench-audit',
      poolSize: 2,
    });
    return new TrailWriter(await new DataSource(options).initialize(), settings);
  }

  seal(events: readonly OutgoingEvent[]): Promise<SealedEntry[]> {
    return this.sealer.seal(events.map(toDraft));
  }

  append(entries: readonly SealedEntry[]): Promise<Set<string>> {
    return this.store.append(entries);
  }

  /** As if it were then; while the clock of `withClockOf` is in place. Such a transaction does not wait for the disk. */
  async appendAt(entries: readonly SealedEntry[], at: Date): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      await manager.query('SET LOCAL synchronous_commit = off');
      await manager.query("SELECT set_config('bench.clock', $1, true)", [at.toISOString()]);
      await this.store.appendWithin(manager, entries, []);
    });
  }

  close(): Promise<void> {
    return this.dataSource.destroy();
  }
}

const functionName = 'audit.append_entries(bytea[],bytea[],uuid[])';

/**
 * Lets the append function take its time from the session while `work` lasts: nobody, the loader included, can back-date an entry
 * otherwise. All else of the function stays as it is installed.
 */
export async function withClockOf<T>(client: pg.Client, work: () => Promise<T>): Promise<T> {
  const { rows } = await client.query<{ source: string }>(
    `SELECT pg_get_functiondef('${functionName}'::regprocedure) AS source`,
  );
  const source = rows[0]?.source ?? '';
  if (!source.includes('clock_timestamp()')) throw new Error('the append function asks no clock any more');
  await client.query(source.replace('clock_timestamp()', "current_setting('bench.clock')::timestamptz"));
  try {
    return await work();
  } finally {
    await client.query(source);
  }
}

/** As if nothing had ever been recorded. No service may be running. */
export async function clearTrail(client: pg.Client): Promise<void> {
  await client.query(`
    DO $$ DECLARE t record; BEGIN
      FOR t IN SELECT tgrelid::regclass AS relation, tgname AS name FROM pg_trigger
               WHERE NOT tgisinternal AND tgname LIKE '%is_append_only' LOOP
        EXECUTE format('ALTER TABLE ONLY %s DISABLE TRIGGER %I', t.relation, t.name);
      END LOOP;
      TRUNCATE audit.entry, audit.entry_id, audit.chain_head, audit.month_end, audit.checkpoint, audit.customer_link,
        audit.object_link, audit.blind_index, audit.sealing_key, audit.entry_words, audit.funnel_checkout, audit.funnel_end;
      UPDATE audit.funnel_position SET seq = 0;
      FOR t IN SELECT tgrelid::regclass AS relation, tgname AS name FROM pg_trigger
               WHERE NOT tgisinternal AND tgname LIKE '%is_append_only' LOOP
        EXECUTE format('ALTER TABLE ONLY %s ENABLE ALWAYS TRIGGER %I', t.relation, t.name);
      END LOOP;
    END $$`);
}

/** As the service would behind its trail. Returns how many entries' words were indexed. */
export async function followTrail(client: pg.Client): Promise<number> {
  let indexed = 0;
  for (;;) {
    const { rows } = await client.query<{ count: number }>('SELECT audit.index_words(10000)::int AS count');
    const count = rows[0]?.count ?? 0;
    if (count === 0) break;
    indexed += count;
  }
  for (;;) {
    const { rows } = await client.query<{ more: boolean }>('SELECT audit.roll_up_funnel(10000) AS more');
    if (rows[0]?.more !== true) return indexed;
  }
}

/** As autovacuum and the checkpointer leave it after a year. */
export async function settleTrail(client: pg.Client): Promise<void> {
  await client.query(`VACUUM (ANALYZE) audit.entry, audit.entry_id, audit.entry_words, audit.blind_index,
    audit.customer_link, audit.object_link, audit.sealing_key, audit.chain_head`);
  await client.query('CHECKPOINT');
}
