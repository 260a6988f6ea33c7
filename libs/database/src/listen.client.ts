import { Client } from 'pg';
import { Logger } from '@nestjs/common';
import { hangUp } from './hang-up.client.js';
import { serverKeepAlive } from './server-keep-alive.js';

export interface ListenOptions {
  url: string;
  /** A bare identifier: it cannot be a parameter of LISTEN. */
  channel: string;
  applicationName: string;
  onNotify: (payload: string) => void;
  /** After a lost connection is back: whatever was notified meanwhile was missed, so look for yourself. */
  onReconnect?: () => void;
  /** From here on nothing is heard, until it is back. */
  onLost?: () => void;
}

export interface Listener {
  /** Whether it hears: false before the first connection, and while one is lost. */
  readonly isUp: boolean;
  close(): Promise<void>;
}

const firstDelayMs = 100;
/** Joining within two seconds of the database's return is promised. */
const longestDelayMs = 1_000;
/** Nothing is heard on a half-open connection either, so it is asked; a silent one would stay for hours. */
const askEveryMs = 5_000;
const queryTimeoutMs = 5_000;

/**
 * LISTEN on a connection of its own (a pooled one would be handed to others). It comes back by itself; the first attempt is
 * not waited for, since a service starts while its database is down.
 */
export function listen(options: ListenOptions): Listener {
  return new ReconnectingListener(options);
}

class ReconnectingListener implements Listener {
  private readonly log = new Logger('listen');
  private client: Client | undefined;
  private timer: NodeJS.Timeout | undefined;
  private asking: NodeJS.Timeout | undefined;
  private failures = 0;
  isUp = false;
  private hasBeenUp = false;
  private closed = false;

  constructor(private readonly options: ListenOptions) {
    if (!/^[a-z_]+$/.test(options.channel)) throw new Error(`not a bare channel name: ${options.channel}`);
    void this.connect();
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    clearInterval(this.asking);
    if (this.client !== undefined) await hangUp(this.client);
  }

  private async connect(): Promise<void> {
    const client = new Client({
      connectionString: this.options.url,
      application_name: this.options.applicationName,
      keepAlive: true,
      options: serverKeepAlive,
      connectionTimeoutMillis: 5_000,
      query_timeout: queryTimeoutMs,
    });
    this.client = client;
    client.on('error', (error) => this.retry(client, error));
    client.on('end', () => this.retry(client, new Error('the server ended it')));
    client.on('notification', (message) => this.options.onNotify(message.payload ?? ''));
    try {
      await client.connect();
      await client.query(`LISTEN ${this.options.channel}`);
    } catch (error) {
      this.retry(client, error);
      return;
    }
    this.failures = 0;
    this.isUp = true;
    this.asking = setInterval(() => this.ask(client), askEveryMs).unref();
    if (this.hasBeenUp) this.options.onReconnect?.();
    this.hasBeenUp = true;
  }

  private ask(client: Client): void {
    client.query('SELECT 1').catch((error: unknown) => this.retry(client, error));
  }

  /** `error`, `end` and a failed connect may all report the same loss: only the client in use counts, and only once. */
  private retry(lost: Client, cause: unknown): void {
    if (this.closed || this.client !== lost) return;
    this.client = undefined;
    clearInterval(this.asking);
    if (this.isUp) this.options.onLost?.();
    this.isUp = false;
    lost.removeAllListeners();
    // It is lost already: what closing it still has to say is no news, but unheard it would end the process.
    lost.on('error', () => undefined);
    void hangUp(lost);
    const delay = Math.min(firstDelayMs * 2 ** this.failures, longestDelayMs);
    this.failures += 1;
    const { channel } = this.options;
    this.log.warn({ msg: 'lost the LISTEN connection, trying again', channel, delayMs: delay, error: String(cause) });
    this.timer = setTimeout(() => void this.connect(), delay);
  }
}
