type Query = (sql: string, parameters?: unknown[]) => Promise<unknown>;

/** This month and the next ones: enough for a deployment that forgets its maintenance for a season. */
const monthsAhead = 3;

/** As the owner. `append_entries` makes a month's partition itself if nobody has, at the cost of a lock on the whole table. */
export async function makePartitionsAhead(query: Query): Promise<void> {
  await query(
    'SELECT make_entry_partition(now() + make_interval(months => ahead)) FROM generate_series(0, $1) AS ahead',
    [monthsAhead],
  );
}
