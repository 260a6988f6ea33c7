import { Client } from 'pg';
import type { ClientConfig } from 'pg';

/** pg's own words; it gives this error no code. */
const gaveUp = 'Query read timeout';

/**
 * A connection that is discarded once a query on it was given up (`query_timeout`). pg alone leaves it usable: the query may
 * still end on the server, while the ROLLBACK that waited behind it is dropped unsent, so that whoever gets the connection next
 * from the pool would commit the abandoned transaction together with their own.
 */
export class ImpatientClient extends Client {
  constructor(config?: ClientConfig) {
    super(config);
    // oxlint-disable-next-line typescript/unbound-method -- Reflect.apply hands it its client
    this.query = new Proxy(this.query, {
      apply: (query, client, parameters: unknown[]) => this.watched(Reflect.apply(query, client, parameters)),
    });
  }

  private watched(result: unknown): unknown {
    if (result instanceof Promise) result.catch((error: unknown) => this.discardAfter(error));
    return result;
  }

  private discardAfter(error: unknown): void {
    if (error instanceof Error && error.message === gaveUp) this.connection.stream.destroy();
  }
}
