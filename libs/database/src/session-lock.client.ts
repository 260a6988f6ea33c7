import { Client } from 'pg';
import { hangUp } from './hang-up.client.js';
import { serverKeepAlive } from './server-keep-alive.js';

/** Any fixed number, so that no other advisory lock of this database is meant. */
const lockClass = 7_203_116;
const connectTimeoutMs = 5_000;
/** On a session that does nothing else: a half-open one must not be waited for longer. */
const queryTimeoutMs = 2_000;
const clientKeepAliveMs = 5_000;

/**
 * The right to do what only one replica may do at a time: an advisory lock on a connection of its own, which ends with the
 * connection, however the process ends.
 */
export class SessionLock {
  private isLost = false;

  private constructor(private readonly client: Client) {}

  /** Undefined while somebody else holds it. Rejects when the database does not answer. */
  static async tryAcquire(url: string, name: string): Promise<SessionLock | undefined> {
    const client = new Client({
      connectionString: url,
      application_name: `billhook-${name}`,
      connectionTimeoutMillis: connectTimeoutMs,
      query_timeout: queryTimeoutMs,
      keepAlive: true,
      keepAliveInitialDelayMillis: clientKeepAliveMs,
      options: serverKeepAlive,
    });
    const lock = new SessionLock(client);
    const lose = (): void => void (lock.isLost = true);
    client.on('error', lose);
    client.on('end', lose);
    try {
      await client.connect();
      if (await lock.take(name)) return lock;
    } catch (error) {
      await lock.release();
      throw error;
    }
    await lock.release();
    return undefined;
  }

  /** Asks the server: of a half-open connection it has given the lock to another, and nothing says so here. */
  async isHeld(): Promise<boolean> {
    if (!this.isLost) await this.client.query('SELECT 1').catch(() => (this.isLost = true));
    return !this.isLost;
  }

  async release(): Promise<void> {
    this.isLost = true;
    await hangUp(this.client);
  }

  private async take(name: string): Promise<boolean> {
    const { rows } = await this.client.query<{ held: boolean }>(
      'SELECT pg_try_advisory_lock($1, hashtext($2)) AS held',
      [lockClass, name],
    );
    return rows[0]?.held === true;
  }
}
