import { waitFor } from '@billhook/testing';
import type pg from 'pg';

const timeoutMs = 10 * 60_000;

export async function headOf(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ seq: number }>(
    'SELECT coalesce(max(seq), 0)::int AS seq FROM audit.chain_head',
  );
  return rows[0]?.seq ?? 0;
}

/** Once so many entries follow this one: entries a second from the first batch to the last, without those of the last. */
export async function recordedRate(client: pg.Client, after: number, count: number): Promise<number> {
  await waitFor('the trail to have them all', async () => (await headOf(client)) >= after + count, timeoutMs);
  const { rows } = await client.query<{ rate: number }>(
    `SELECT (count(*) FILTER (WHERE recorded_at < newest) / extract(epoch FROM newest - min(recorded_at)))::float8 AS rate
     FROM audit.entry, (SELECT recorded_at AS newest FROM audit.chain_head) AS head WHERE seq > $1 GROUP BY newest`,
    [after],
  );
  return rows[0]?.rate ?? Number.NaN;
}
