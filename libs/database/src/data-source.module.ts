import type { TypeOrmModuleOptions } from '@nestjs/typeorm';
import type { ReadinessCheck } from '@billhook/runtime';
import type { DataSource, EntitySchema } from 'typeorm';
import type { PostgresDataSourceOptions } from 'typeorm/driver/postgres/PostgresDataSourceOptions.js';
import { ImpatientClient } from './impatient.client.js';
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

/** Waiting for ever is pg's default everywhere; each wait here ends. */
const connectTimeoutMs = 5_000;
const statementTimeoutMs = 10_000;
const idleInTransactionTimeoutMs = 15_000;
/** Longer than the server's own limit, so that it fires only when the server cannot answer at all. */
const queryTimeoutMs = 15_000;

export function dataSourceOptions(settings: DataSourceSettings): TypeOrmModuleOptions & PostgresDataSourceOptions {
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
    retryAttempts: 10,
    retryDelay: 1000,
    extra: {
      Client: ImpatientClient,
      options: `-c search_path=${settings.schema}`,
      statement_timeout: statementTimeoutMs,
      idle_in_transaction_session_timeout: idleInTransactionTimeoutMs,
      query_timeout: queryTimeoutMs,
      keepAlive: true,
    },
  };
}

export function databaseCheck(dataSource: DataSource): ReadinessCheck {
  return async () => {
    try {
      await dataSource.query('SELECT 1');
      return { up: true };
    } catch (error) {
      return { up: false, detail: error instanceof Error ? error.message : String(error) };
    }
  };
}
