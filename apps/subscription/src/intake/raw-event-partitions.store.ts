type Query = (sql: string, parameters?: unknown[]) => Promise<unknown>;

/** This month and the next ones: enough for a deployment that forgets its maintenance for a season. */
const monthsAhead = 4;

export interface MonthlyPartition {
  name: string;
  from: string;
  until: string;
}

export function partitionsFrom(now: Date): MonthlyPartition[] {
  return Array.from({ length: monthsAhead }, (_, offset) => partitionOf(monthAfter(now, offset)));
}

/** The partition that holds what was recorded at this time. */
export function partitionOf(time: Date): MonthlyPartition {
  const from = monthAfter(time, 0).toISOString();
  return { name: `raw_event_${from.slice(0, 7).replace('-', '_')}`, from, until: monthAfter(time, 1).toISOString() };
}

function monthAfter(time: Date, months: number): Date {
  return new Date(Date.UTC(time.getUTCFullYear(), time.getUTCMonth() + months, 1));
}

/**
 * Runs as the owner after each migration. A month whose first rows already went to the default partition stays there:
 * PostgreSQL refuses a partition for rows that the default holds.
 */
export async function createMonthlyPartitions(query: Query, now: Date): Promise<void> {
  for (const { name, from, until } of partitionsFrom(now)) {
    const bounds = `recorded_at >= '${from}' AND recorded_at < '${until}'`;
    await query(
      `DO $$ BEGIN
         IF to_regclass('${name}') IS NULL AND NOT EXISTS (SELECT FROM raw_event_default WHERE ${bounds}) THEN
           CREATE TABLE ${name} PARTITION OF raw_event FOR VALUES FROM ('${from}') TO ('${until}');
         END IF;
       END $$`,
    );
  }
}
