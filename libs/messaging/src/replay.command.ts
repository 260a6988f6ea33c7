import { dataSourceOptions, inTransaction } from '@billhook/database';
import type { ServiceSchema } from '@billhook/database';
import { DatabaseUrl, loadConfigOrExit, messageOf } from '@billhook/runtime';
import { parseArgs } from 'node:util';
import { DataSource } from 'typeorm';
import type { InboxEntry } from './inbox.store.js';
import { ParkedEvents } from './parked-events.store.js';
import type { ParkedFilter } from './parked-events.store.js';

/** What a service's replay reads. */
export class ReplayConfig {
  @DatabaseUrl()
  DATABASE_URL: string;
}

export interface ReplayCommand {
  schema: ServiceSchema['schema'];
  /** Its name in the inbox. */
  consumer: string;
}

/**
 * The body of a service's `replay.command.ts`. Without arguments it lists what is parked; with ids, or with `--reason`, it has the
 * running service try those again. Exits 0 or 1.
 */
export async function runReplayCommand({ schema, consumer }: ReplayCommand): Promise<void> {
  const { DATABASE_URL: url } = loadConfigOrExit(ReplayConfig, `${schema} replay`);
  try {
    const filter = toParkedFilter(process.argv.slice(2));
    const dataSource = await new DataSource(
      dataSourceOptions({ url, schema, applicationName: `billhook-replay-${schema}`, poolSize: 1 }),
    ).initialize();
    try {
      const lines = await replay(dataSource, new ParkedEvents(consumer), filter);
      for (const line of lines) process.stdout.write(`${schema}: ${line}\n`);
    } finally {
      await dataSource.destroy();
    }
  } catch (error) {
    process.stderr.write(`${schema}: replay failed: ${messageOf(error)}\n`);
    process.exitCode = 1;
  }
}

/** Null where nothing is to be replayed. Throws for what it does not know. */
function toParkedFilter(args: readonly string[]): ParkedFilter | null {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { reason: { type: 'string' } },
    allowPositionals: true,
  });
  if (positionals.length === 0 && values.reason === undefined) return null;
  return { ids: positionals.length === 0 ? undefined : positionals, reason: values.reason };
}

/** What it did, in lines. */
function replay(dataSource: DataSource, parked: ParkedEvents, filter: ParkedFilter | null): Promise<string[]> {
  return inTransaction(dataSource, async (manager) => {
    const found = await parked.list(manager, filter ?? {});
    if (filter === null) return found.length === 0 ? ['nothing is parked'] : found.map(toLine);
    const ids = await parked.tryAgain(
      manager,
      found.map(({ eventId }) => eventId),
    );
    return [`${found.length} parked events match, ${ids.length} are tried again`, ...ids];
  });
}

function toLine({ eventId, type, reason, recordedAt }: InboxEntry): string {
  return `${eventId} ${type}, since ${recordedAt.toISOString()}: ${reason ?? 'no reason'}`;
}
