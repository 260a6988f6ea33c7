import { Retryable } from '@billhook/runtime';
import { Injectable } from '@nestjs/common';
import { hash } from 'node:crypto';
import { RateLimiterMemory, RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';
import type { RateLimiterAbstract } from 'rate-limiter-flexible';
import { DataSource } from 'typeorm';
import { GatewayConfig } from '../config.js';
import type { Weight } from './limited.js';

/** Whom requests are counted by. */
export type Counted = 'user' | 'address';

const perSeconds = 60;
/** Created by a migration: the service may create nothing. */
const tableName = 'rate_limit';

/** How often somebody may come in a minute: changes counted in PostgreSQL over all replicas, reads in each process. */
@Injectable()
export class RateLimits {
  private readonly limiters: Record<Counted, Record<Weight, RateLimiterAbstract | null>>;

  constructor(config: GatewayConfig, dataSource: DataSource) {
    const shared = (points: number) => (points === 0 ? null : sharedLimiter(points, dataSource));
    const own = (points: number) => (points === 0 ? null : new RateLimiterMemory({ points, duration: perSeconds }));
    this.limiters = {
      user: { change: shared(config.RATE_LIMIT_USER_CHANGES), read: own(config.RATE_LIMIT_USER_READS) },
      address: { change: shared(config.RATE_LIMIT_ADDRESS_CHANGES), read: own(config.RATE_LIMIT_ADDRESS_READS) },
    };
  }

  /** Throws Retryable rate_limited once they have come too often, with the time after which they may again. */
  async count(counted: Counted, weight: Weight, id: string): Promise<void> {
    const limiter = this.limiters[counted][weight];
    if (limiter === null) return;
    try {
      await limiter.consume(keyOf(counted, weight, id));
    } catch (error) {
      if (!(error instanceof RateLimiterRes)) throw error;
      throw new Retryable('rate_limited', undefined, Math.max(1, Math.ceil(error.msBeforeNext / 1000)));
    }
  }
}

function sharedLimiter(points: number, dataSource: DataSource): RateLimiterPostgres {
  return new RateLimiterPostgres({
    storeClient: queriesOf(dataSource),
    storeType: 'client',
    tableName,
    tableCreated: true,
    points,
    duration: perSeconds,
    // Who is over the limit is refused from memory until the minute is over: it costs no statement more.
    inMemoryBlockOnConsumed: points + 1,
  });
}

/** What the limiter takes for a client of pg: its statements go the way of all others, with their time-outs. */
function queriesOf(dataSource: DataSource) {
  return {
    async query({ text, values }: { text: string; values: unknown[] }) {
      const rows: unknown = await dataSource.query(text, values);
      return { rows };
    },
  };
}

/** Of one length, and no list of addresses to be read in the database. */
function keyOf(counted: Counted, weight: Weight, id: string): string {
  return hash('sha256', JSON.stringify([counted, weight, id]), 'base64url');
}
