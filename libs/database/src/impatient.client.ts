import { Client } from 'pg';
import type { ClientConfig } from 'pg';

/** pg's own words; it gives this error no code. */
const gaveUp = 'Query read timeout';

/** In a notice: the server ends all its processes at once, because it was told to (57P01) or because one of them crashed (57P02). */
const immediateEnds = new Set<unknown>(['57P01', '57P02']);

/** A failover left us on a server that only reads; a new connection may find the one that writes. */
const readOnly = '25006';

/** The open connections of one pool, which pg-pool does not show. */
export class PoolConnections {
  private readonly open = new Set<ImpatientClient>();

  /** For pg-pool's `Client`. */
  readonly Client = clientOf(this);

  add(client: ImpatientClient): void {
    this.open.add(client);
    client.connection.stream.once('close', () => this.open.delete(client));
  }

  /** One was found useless: those that idle in the pool go the same way, and each would have to be found out in turn. */
  discardIdle(): void {
    for (const client of this.open) if (client.isIdle) client.discard();
  }

  /** Whoever still waits for an answer is told that there will be none. */
  discardAll(): void {
    for (const client of this.open) client.discard();
  }
}

/**
 * A connection that is discarded once its server only reads, or once a query on it was given up (`query_timeout`). pg alone leaves it
 * usable: the query may still end on the server, while the ROLLBACK that waited behind it is dropped unsent, so that whoever gets the
 * connection next from the pool would commit the abandoned transaction together with their own.
 */
export class ImpatientClient extends Client {
  private underWay = 0;

  constructor(
    config: ClientConfig | undefined,
    private readonly pool: PoolConnections,
  ) {
    super(config);
    pool.add(this);
    // Between two owners nobody listens: neither the pool any more nor TypeORM yet. What the server says in that moment, that it
    // shuts down, say, would end the process; the next query fails with it all the same.
    this.on('error', () => undefined);
    this.on('notice', (notice) => this.told(notice));
    // oxlint-disable-next-line typescript/unbound-method -- Reflect.apply hands it its client
    this.query = new Proxy(this.query, {
      apply: (query, client, parameters: unknown[]) => this.watched(Reflect.apply(query, client, parameters)),
    });
  }

  get isIdle(): boolean {
    return this.underWay === 0;
  }

  discard(): void {
    this.connection.stream.destroy();
  }

  /**
   * pg would make nothing of the notice and of the end that follows it but an end without a word. That is how the process ends
   * which crashed itself, perhaps of our query: who is told is not the one.
   */
  private told({ code, message }: { code: string | undefined; message: string | undefined }): void {
    if (!immediateEnds.has(code)) return;
    this.connection.stream.destroy(Object.assign(new Error(message), { code }));
  }

  private watched(result: unknown): unknown {
    if (!(result instanceof Promise)) return result;
    this.underWay += 1;
    result.then(
      () => (this.underWay -= 1),
      (error: unknown) => this.failed(error),
    );
    return result;
  }

  private failed(error: unknown): void {
    this.underWay -= 1;
    if (!(error instanceof Error) || !isUseless(error)) return;
    this.discard();
    this.pool.discardIdle();
  }
}

function isUseless(error: Error): boolean {
  return error.message === gaveUp || ('code' in error && error.code === readOnly);
}

function clientOf(pool: PoolConnections) {
  return class PooledClient extends ImpatientClient {
    constructor(config?: ClientConfig) {
      super(config, pool);
    }
  };
}
