import { hasSqlState, inTransaction } from '@billhook/database';
import { Refused } from '@billhook/runtime';
import { Injectable, Logger } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import type { EntityManager, QueryRunner } from 'typeorm';
import type { Deadline } from './deadline.js';

/** The pool that sections hold while they talk to Stripe: a slow Stripe must not starve everybody else's reads. */
export const lockConnections = 'locks';

/** Shorter than a statement may take: its end would not say that it was for the lock. */
const longestLockWaitMs = 4_000;
/** First half of the advisory lock's key: keeps these locks apart from others in the database. */
const lockSpace = 7203;

/** What work under the lock may use: every statement of a section runs on the connection that holds the lock. */
export interface Section {
  manager: EntityManager;
  /** One transaction on the same connection. Never call Stripe inside. */
  inTransaction<T>(work: (manager: EntityManager) => Promise<T>): Promise<T>;
}

/**
 * One payment-related action per user at a time, over all replicas. The lock belongs to the session and not to a transaction,
 * so that none is open while Stripe is asked; should its connection be lost, the section's next statement fails with it.
 */
@Injectable()
export class UserLock {
  /** Requests of one user queue here before they take a connection, so that one user cannot hold the whole pool. */
  private readonly tails = new Map<string, Promise<unknown>>();

  private readonly log = new Logger('user-lock');

  constructor(@InjectDataSource(lockConnections) private readonly dataSource: DataSource) {}

  /** Throws Refused busy when the user's other request does not finish in time. */
  async hold<T>(userId: string, deadline: Deadline, work: (section: Section) => Promise<T>): Promise<T> {
    const before = this.tails.get(userId) ?? Promise.resolve();
    const mine = before.then(() => this.holdHere(userId, deadline, work));
    // The next in line waits for the end, whatever it was; the outcome is this caller's alone.
    const tail = mine.then(
      () => undefined,
      () => undefined,
    );
    this.tails.set(userId, tail);
    try {
      return await mine;
    } finally {
      if (this.tails.get(userId) === tail) this.tails.delete(userId);
    }
  }

  private async holdHere<T>(userId: string, deadline: Deadline, work: (section: Section) => Promise<T>): Promise<T> {
    const runner = this.dataSource.createQueryRunner();
    const connection: unknown = await runner.connect();
    try {
      await acquire(runner, userId, Math.min(longestLockWaitMs, deadline.remainingMs()));
      try {
        return await work(sectionOn(runner));
      } finally {
        await this.unlock(runner, connection, userId);
      }
    } finally {
      await runner.release();
    }
  }

  /** A connection that cannot say it has let go is closed: back in the pool it would keep the user locked out. */
  private async unlock(runner: QueryRunner, connection: unknown, userId: string): Promise<void> {
    try {
      await runner.query('SELECT pg_advisory_unlock($1, hashtext($2))', [lockSpace, userId]);
    } catch (error) {
      this.log.warn({ msg: 'closing the connection of a lock that could not be released', err: error });
      if (connection instanceof Client) connection.end().catch((lost: unknown) => this.log.debug({ err: lost }));
    }
  }
}

/** `lock_timeout` covers advisory locks too, and SET LOCAL leaves with its transaction while a session's lock stays. */
async function acquire(runner: QueryRunner, userId: string, waitMs: number): Promise<void> {
  if (waitMs < 1) throw new Refused('busy');
  try {
    await runner.manager.transaction(async (manager) => {
      await manager.query(`SELECT set_config('lock_timeout', $1, true)`, [`${Math.ceil(waitMs)}ms`]);
      await manager.query('SELECT pg_advisory_lock($1, hashtext($2))', [lockSpace, userId]);
    });
  } catch (error) {
    if (hasSqlState(error, 'lock_not_available')) throw new Refused('busy');
    throw error;
  }
}

function sectionOn(runner: QueryRunner): Section {
  return {
    manager: runner.manager,
    inTransaction: (work) => inTransaction(runner.manager, work),
  };
}
