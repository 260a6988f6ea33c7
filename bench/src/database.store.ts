import pg from 'pg';
import type { Lab } from './lab.js';

/** The lab's database as its superuser sees it. */
export async function withDatabase<T>({ place }: Lab, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const url = new URL(place.databaseAdminUrl);
  url.pathname = new URL(place.databaseUrls.subscription).pathname;
  const client = new pg.Client({ connectionString: url.toString() });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}
