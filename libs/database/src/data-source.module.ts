import { TypeOrmModule } from '@nestjs/typeorm';
import type { ReadinessCheck } from '@billhook/runtime';
import type { DynamicModule } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import type { DataSource } from 'typeorm';
import { dataSourceOptions } from './data-source.js';
import type { DataSourceSettings } from './data-source.js';
import { JoiningDataSource } from './joining-data-source.store.js';
import { messageOf } from '@billhook/runtime';

/** A database that is there answers the first attempt at once; a service does not wait for one that is not. */
const firstAttemptMs = 2_000;
/** A health check is asked every few seconds by who wants to know now. */
const answerWithinMs = 2_000;

/**
 * Provides the data source, under a name where a service has more than one. Nest's own module gives up after ten attempts
 * and the process with it; this one lets the service start and joins when the database comes.
 */
export function databaseModule(settings: DataSourceSettings, name?: string): DynamicModule {
  return TypeOrmModule.forRootAsync({
    ...(name === undefined ? {} : { name }),
    useFactory: () => ({ ...dataSourceOptions(settings), manualInitialization: true, retryAttempts: 0 }),
    dataSourceFactory: async () => {
      const dataSource = new JoiningDataSource(settings);
      await Promise.race([dataSource.join(), delay(firstAttemptMs, undefined, { ref: false })]);
      return dataSource;
    },
  });
}

export function databaseCheck(dataSource: DataSource): ReadinessCheck {
  return async () => {
    if (dataSource instanceof JoiningDataSource && dataSource.waitsFor !== undefined) {
      return { up: false, detail: dataSource.waitsFor };
    }
    try {
      return await Promise.race([answers(dataSource), delay(answerWithinMs, noAnswer, { ref: false })]);
    } catch (error) {
      return { up: false, detail: messageOf(error) };
    }
  };
}

const noAnswer = { up: false, detail: `no answer within ${answerWithinMs / 1000} s` };

/** A server that only reads answers everything else: after a failover, the old one, or a standby. */
async function answers(dataSource: DataSource): ReturnType<ReadinessCheck> {
  const rows: unknown = await dataSource.query("SELECT 1 WHERE current_setting('transaction_read_only') = 'on'");
  return Array.isArray(rows) && rows.length > 0 ? { up: false, detail: 'the server only reads' } : { up: true };
}
