import type { MaintenanceTask } from '@billhook/database';

type Query = (sql: string, parameters?: unknown[]) => Promise<unknown>;

/** This month and the next ones: enough for a deployment that forgets its maintenance for a season. */
const monthsAhead = 3;

const make = `
  SELECT to_char(month AT TIME ZONE 'UTC', 'YYYY_MM') AS made
  FROM (SELECT $2::timestamptz + make_interval(months => ahead) AS month FROM generate_series(0, $1) AS ahead) AS months
  WHERE make_entry_partition(month)`;

/** As the owner. `append_entries` makes a month's partition itself if nobody has, at the cost of a lock on the whole table. */
export async function makePartitionsAhead(query: Query): Promise<void> {
  await query(make, [monthsAhead, new Date()]);
}

/** The same as a piece of the daily upkeep. */
export function makeMonthsAhead(now: Date): MaintenanceTask {
  return async (query) => {
    const made = await query<{ made: string }>(make, [monthsAhead, now]);
    return made.map((row) => `made partition entry_${row.made}`);
  };
}
