import type { MaintenanceTask } from '@billhook/database';

/** A task of the daily upkeep that runs one DELETE, and says how many of `what` are gone if any are. */
export function forgetting(what: string, deletion: string): MaintenanceTask {
  return async (query) => {
    const [row] = await query<{ count: number }>(
      `WITH deleted AS (${deletion} RETURNING 1) SELECT count(*)::int AS count FROM deleted`,
    );
    const count = row?.count ?? 0;
    return count === 0 ? [] : [`deleted ${count} ${what}`];
  };
}
