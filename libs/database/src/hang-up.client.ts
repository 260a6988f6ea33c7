import type { Client } from 'pg';

const goodbyeMs = 1_000;

/** Ends a connection properly, but waits for no server that does not answer: pg would, for as long as the system does. */
export async function hangUp(client: Client): Promise<void> {
  const timer = setTimeout(() => client.connection.stream.destroy(), goodbyeMs);
  // Ending a connection that is broken already is no news.
  await client.end().catch(() => undefined);
  clearTimeout(timer);
}
