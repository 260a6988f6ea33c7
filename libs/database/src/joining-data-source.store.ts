import { Logger } from '@nestjs/common';
import type { OnModuleDestroy } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { CannotExecuteNotConnectedError, DataSource } from 'typeorm';
import type { EntityMetadata, EntityTarget, ObjectLiteral } from 'typeorm';
import { dataSourceOptions } from './data-source.js';
import type { DataSourceSettings } from './data-source.js';
import { PoolConnections } from './impatient.client.js';
import { messageOf } from '@billhook/runtime';

const firstDelayMs = 100;
/** Joining within two seconds of the database's return is promised. */
const longestDelayMs = 1_000;
/** Of the ten seconds that a process has to exit in. As long as a statement may take: who still waits for an answer gets none. */
const patienceAtShutdownMs = 5_000;
/** For the connections to be given back; those in the pool idle. */
const destroyTimeoutMs = 1_000;

/**
 * A data source for a service that starts while its database is away: it connects in the background and goes on until it has.
 * Until then every use of it fails as a database that is away does.
 */
export class JoiningDataSource extends DataSource implements OnModuleDestroy {
  private readonly log = new Logger('database');
  private readonly stopping = new AbortController();
  private readonly applicationName: string;
  private hasJoined = false;
  private lastFailure: string | undefined;
  private cutting: NodeJS.Timeout | undefined;

  constructor(
    settings: DataSourceSettings,
    private readonly connections = new PoolConnections(),
  ) {
    super(dataSourceOptions(settings, connections));
    this.applicationName = settings.applicationName;
  }

  /** Resolves after the first attempt, whatever came of it. */
  async join(): Promise<void> {
    const hasSucceeded = await this.attempt();
    if (!hasSucceeded) void this.goOnJoining();
  }

  /** Why the database is not there yet, until it has been for the first time. */
  get waitsFor(): string | undefined {
    return this.hasJoined ? undefined : `not connected yet: ${this.lastFailure ?? 'connecting'}`;
  }

  /** Entities are known only once TypeORM has connected; asked before, it would take them for a mistake of ours. */
  override getMetadata(target: EntityTarget<ObjectLiteral>): EntityMetadata {
    if (!this.hasJoined) throw new CannotExecuteNotConnectedError();
    return super.getMetadata(target);
  }

  /** The first of Nest's hooks on the way down. */
  onModuleDestroy(): void {
    this.stopping.abort();
    this.cutting = setTimeout(() => this.connections.discardAll(), patienceAtShutdownMs).unref();
  }

  override async destroy(): Promise<void> {
    this.stopping.abort();
    clearTimeout(this.cutting);
    const timer = setTimeout(() => this.connections.discardAll(), destroyTimeoutMs);
    try {
      await super.destroy();
    } finally {
      clearTimeout(timer);
    }
  }

  private async goOnJoining(): Promise<void> {
    let waitMs = firstDelayMs;
    do {
      // Being aborted is the one way in which it rejects, and the loop sees that by itself.
      await delay(waitMs, undefined, { ref: false, signal: this.stopping.signal }).catch(() => undefined);
      waitMs = Math.min(waitMs * 2, longestDelayMs);
    } while (!this.stopping.signal.aborted && !(await this.attempt()));
  }

  private async attempt(): Promise<boolean> {
    try {
      await this.initialize();
    } catch (error) {
      this.note(messageOf(error));
      return false;
    }
    this.hasJoined = true;
    if (this.lastFailure !== undefined) this.log.log({ msg: 'joined the database', name: this.applicationName });
    // The service was stopped meanwhile: nobody else would end these connections.
    if (this.stopping.signal.aborted) await this.destroy();
    return true;
  }

  /** Once per reason, not once per attempt. */
  private note(failure: string): void {
    if (failure === this.lastFailure) return;
    this.lastFailure = failure;
    this.log.warn({ msg: 'cannot join the database yet', name: this.applicationName, error: failure });
  }
}
