import { hangUp, serverKeepAlive } from '@billhook/database';
import { Client, escapeIdentifier } from 'pg';
import { outboxChannel } from './outbox.store.js';

/** Any fixed number, so that no other advisory lock of this database is meant. */
const lockClass = 7_203_115;

const clientKeepAliveMs = 5_000;
const queryTimeoutMs = 5_000;
/** On a session that does nothing else. Meanwhile nothing is relayed, so a half-open one must not be waited for longer. */
const confirmTimeoutMs = 2_000;

/**
 * The right to relay a schema's outbox, held by a session-level advisory lock on a connection of its own: it ends with the
 * connection, however the process ends. The same connection hears the notifications of new rows.
 */
export class RelayLease {
  private isLost = false;

  private constructor(private readonly client: Client) {}

  /** Undefined while another replica holds it. Rejects when the database does not answer. */
  static async tryAcquire(url: string, schema: string, onWork: () => void): Promise<RelayLease | undefined> {
    const client = new Client({
      connectionString: url,
      application_name: `billhook-relay-${schema}`,
      connectionTimeoutMillis: 5_000,
      query_timeout: queryTimeoutMs,
      keepAlive: true,
      keepAliveInitialDelayMillis: clientKeepAliveMs,
      options: serverKeepAlive,
    });
    const lease = new RelayLease(client);
    const lose = (): void => {
      lease.isLost = true;
      onWork();
    };
    client.on('error', lose);
    client.on('end', lose);
    client.on('notification', onWork);
    try {
      await client.connect();
      if (await lease.lock(schema)) return lease;
    } catch (error) {
      await lease.release();
      throw error;
    }
    await lease.release();
    return undefined;
  }

  get isHeld(): boolean {
    return !this.isLost;
  }

  /** Loses the lease when its connection is half-open: the server has given the lock to another, and nothing says so here. */
  async confirm(): Promise<void> {
    const question = { text: 'SELECT 1', query_timeout: confirmTimeoutMs };
    await this.client.query(question).catch(() => (this.isLost = true));
  }

  async release(): Promise<void> {
    this.isLost = true;
    this.client.removeAllListeners('notification');
    await hangUp(this.client);
  }

  private async lock(schema: string): Promise<boolean> {
    const { rows } = await this.client.query<{ held: boolean }>(
      'SELECT pg_try_advisory_lock($1, hashtext($2)) AS held',
      [lockClass, schema],
    );
    if (rows[0]?.held !== true) return false;
    await this.client.query(`LISTEN ${escapeIdentifier(outboxChannel(schema))}`);
    return true;
  }
}
