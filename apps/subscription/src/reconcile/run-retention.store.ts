import type { MaintenanceTask } from '@billhook/database';

const keptDays = 90;

/** Runs that ended this long ago, with what they found. There are some three hundred a day, nearly all of them without a find. */
export const forgetRuns: MaintenanceTask = async (query) => {
  const rows = await query<{ count: number }>(
    `WITH deleted AS (
       DELETE FROM reconcile_run WHERE finished_at < now() - make_interval(days => ${keptDays}) RETURNING 1)
     SELECT count(*)::int AS count FROM deleted`,
  );
  const count = rows[0]?.count ?? 0;
  return count === 0 ? [] : [`deleted ${count} runs of reconcile`];
};
