import type { EntitySchema } from 'typeorm';
import type { PostgresDataSourceOptions } from 'typeorm/driver/postgres/PostgresDataSourceOptions.js';
import { PoolConnections } from './impatient.client.js';
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
const statementTimeoutMs = 10_000;
const idleInTransactionTimeoutMs = 15_000;
/** Longer than the server's own limit, so that it fires only when the server cannot answer at all. */
const queryTimeoutMs = 12_000;

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
      options: `-c search_path=${settings.schema}`,
      statement_timeout: statementTimeoutMs,
      idle_in_transaction_session_timeout: idleInTransactionTimeoutMs,
      query_timeout: queryTimeoutMs,
      keepAlive: true,
    },
  };
}
