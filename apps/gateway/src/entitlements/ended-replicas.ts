import type { MaintenanceTask } from '@billhook/database';

/** Deletes rows of replicas that ended long ago, but never what the last of them knew. */
export const forgetEndedReplicas: MaintenanceTask = async (query) => {
  const [row] = await query<{ count: number }>(
    `WITH deleted AS (
       DELETE FROM reading_progress WHERE seen_at < now() - interval '1 day'
         AND applied_until < (SELECT max(applied_until) FROM reading_progress) RETURNING 1)
     SELECT count(*)::int AS count FROM deleted`,
  );
  const count = row?.count ?? 0;
  return count === 0 ? [] : [`deleted ${count} replicas that ended`];
};
