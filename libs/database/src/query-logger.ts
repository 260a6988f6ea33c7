import { Logger as NestLogger } from '@nestjs/common';
import type { Logger } from 'typeorm';

/** TypeORM's own logger prints the parameters of a failed query, which are personal data here. */
export class WithoutParametersLogger implements Logger {
  private readonly logger = new NestLogger('database');

  logQuery(): void {}

  logQueryError(error: string | Error, query: string): void {
    this.logger.warn({
      msg: 'query failed',
      error: error instanceof Error ? error.message : error,
      query: shortened(query),
    });
  }

  logQuerySlow(time: number, query: string): void {
    this.logger.warn({ msg: 'query slow', ms: time, query: shortened(query) });
  }

  logSchemaBuild(): void {}

  logMigration(message: string): void {
    this.logger.log(message);
  }

  log(level: 'log' | 'info' | 'warn', message: unknown): void {
    if (level === 'warn') this.logger.warn(message);
  }
}

function shortened(query: string): string {
  return query.replace(/\s+/g, ' ').slice(0, 200);
}
