import type { EntitySchema } from 'typeorm';
import type { PostgresDataSourceOptions } from 'typeorm/driver/postgres/PostgresDataSourceOptions.js';
import { PoolConnections } from './impatient.client.js';
import { serverKeepAlive } from './server-keep-alive.js';
import { WithoutParametersLogger } from './query-logger.js';

type EntityClass = new () => object;

export interface DataSourceSettings {
  url: string;
  /** The service's own schema: it is the whole search path, so nothing else can be named by accident. */
  schema: string;
  /** Seen by operators in pg_stat_activity. */
  applicationName: string;
  poolSize?: number;
  entities?: (EntityClass | EntitySchema)[];
}

/** Waiting for ever is pg's default everywhere; each wait here ends. For a new connection as for a free one of the pool. */
const connectTimeoutMs = 2_000;
/**
 * A batch's largest statement takes well under a second on a quiet machine, a wait for a lock ends by its own limit before this
 * one (the longest are 4 s), and long work goes page by page. Maintenance has connections of its own.
 */
const statementTimeoutMs = 5_000;
/**
 * A session whose peer has gone silent in a transaction keeps its locks, and so its customers' events waiting, for as long as
 * this. Nobody asks Stripe or anybody else inside a transaction: what stands between two statements is computed in milliseconds.
 */
const idleInTransactionTimeoutMs = 3_000;
/** Longer than the server's own limit, so that it fires only when the server cannot answer at all. */
const queryTimeoutMs = 6_000;

export function dataSourceOptions(
  settings: DataSourceSettings,
  connections = new PoolConnections(),
): PostgresDataSourceOptions {
  return {
    type: 'postgres',
    url: settings.url,
    schema: settings.schema,
    applicationName: settings.applicationName,
    entities: settings.entities ?? [],
    synchronize: false,
    uuidExtension: 'pgcrypto',
    installExtensions: false,
    poolSize: settings.poolSize ?? 10,
    connectTimeoutMS: connectTimeoutMs,
    logger: new WithoutParametersLogger(),
    extra: {
      Client: connections.Client,
      options: `-c search_path=${settings.schema} ${serverKeepAlive}`,
      statement_timeout: statementTimeoutMs,
      idle_in_transaction_session_timeout: idleInTransactionTimeoutMs,
      query_timeout: queryTimeoutMs,
      keepAlive: true,
    },
  };
}
