import pg from 'pg';
import { z } from 'zod';
import { ConnectionPool } from '../load/connection-pool.client.js';

const account = z.object({ as_of: z.string() });

/**
 * Between two looks at an account that does not show the change although one was announced: doubled each time, so that watching a
 * system that lags behind does not become its load.
 */
const lookAgainMs = 2;
/** A notification that never comes costs at most this. */
const longestSleepMs = 1_000;
export const giveUpMs = 30_000;

/** Sees changes at `GET /v1/account`, woken by the gateway's own notification instead of asking all the time. */
export class AccountWatch {
  private readonly waiting = new Map<string, Set<() => void>>();

  private constructor(
    private readonly client: pg.Client,
    private readonly gateway: ConnectionPool,
  ) {
    client.on('notification', ({ payload }) => {
      for (const wake of this.waiting.get(payload ?? '') ?? []) wake();
    });
  }

  static async open(databaseUrl: string, gatewayPort: number): Promise<AccountWatch> {
    const client = new pg.Client({ connectionString: databaseUrl });
    await client.connect();
    await client.query('LISTEN account_changed');
    return new AccountWatch(client, new ConnectionPool(gatewayPort));
  }

  /** A user's first visit opens the account, which is an event of its own: better before than among the measured ones. */
  async visit(tokens: readonly string[]): Promise<void> {
    for (const token of tokens) await this.asOf(token);
  }

  /** The moment at which an answer showed the account as of then or later; undefined when that took too long. */
  async seen(userId: string, token: string, asOf: Date): Promise<number | undefined> {
    const deadline = performance.now() + giveUpMs;
    await this.notified(userId, longestSleepMs);
    for (let pause = lookAgainMs; performance.now() < deadline; pause *= 2) {
      if ((await this.asOf(token)) >= asOf.getTime()) return performance.now();
      await this.notified(userId, Math.min(pause, longestSleepMs));
    }
    return undefined;
  }

  async close(): Promise<void> {
    this.gateway.close();
    await this.client.end();
  }

  /** Until the user's account is announced as changed, or for this long. */
  private async notified(userId: string, ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiters = this.waiting.get(userId) ?? new Set();
    this.waiting.set(userId, waiters.add(resolve));
    const timer = setTimeout(resolve, ms);
    await promise;
    clearTimeout(timer);
    waiters.delete(resolve);
  }

  private async asOf(token: string): Promise<number> {
    const head = `GET /v1/account HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ${token}\r\n\r\n`;
    const { status, body } = await this.gateway.send(head);
    if (status !== 200) throw new Error(`GET /v1/account answered ${status}: ${body}`);
    return Date.parse(account.parse(JSON.parse(body)).as_of);
  }
}
