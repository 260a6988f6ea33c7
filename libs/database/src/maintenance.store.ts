import type { Client, QueryResultRow } from 'pg';
import { asOwner } from './migrations.store.js';
import type { ServiceSchema } from './migrations.store.js';
import { hasSqlState } from './sql-state.js';

/** Runs one statement as the schema's owner, outside any transaction of its own. */
export type OwnerQuery = <Row extends QueryResultRow>(sql: string, parameters?: unknown[]) => Promise<Row[]>;

/** One piece of upkeep: says in words what it did, nothing when there was nothing to do. Safe to run again, and under load. */
export type MaintenanceTask = (query: OwnerQuery) => Promise<string[]>;

export interface MaintainOptions {
  /** Like `migrate`: a role that may become the schema's owner, and the service's own URL. */
  adminUrl: string;
  serviceUrl: string;
  schema: ServiceSchema['schema'];
  tasks: readonly MaintenanceTask[];
}

/** Any fixed number but that of the outbox relay's lock (7,203,115), whose second half is the schema as well. */
const maintenanceLock = 7_203_116;
/** Whoever waits for a strong lock holds up all who come after: rather give up and try again. */
const lockTimeoutMs = 500;
const lockTries = 20;

/** Runs the tasks one after the other, under a lock: of two runs at once, the second does nothing and says so. */
export function maintain({ tasks, ...place }: MaintainOptions): Promise<string[]> {
  return asOwner(place, async (client) => {
    const query = queryOn(client);
    const key = [maintenanceLock, place.schema];
    const [lock] = await query<{ held: boolean }>('SELECT pg_try_advisory_lock($1, hashtext($2)) AS held', key);
    if (lock?.held !== true) return ['another run is at it'];
    await query(`SET lock_timeout = '${lockTimeoutMs}ms'`);
    const done: string[] = [];
    for (const task of tasks) done.push(...(await task(query)));
    return done;
  });
}

function queryOn(client: Client): OwnerQuery {
  return async <Row extends QueryResultRow>(sql: string, parameters?: unknown[]) => {
    for (let tries = 1; ; tries += 1) {
      try {
        return (await client.query<Row>(sql, parameters)).rows;
      } catch (error) {
        if (!hasSqlState(error, 'lock_not_available') || tries === lockTries) throw error;
      }
    }
  };
}
