import type { MaintenanceTask } from '@billhook/database';

/** Deletes previews that cannot be confirmed any more: one is good for an hour. */
export const forgetPreviews: MaintenanceTask = async (query) => {
  const [row] = await query<{ count: number }>(
    `WITH deleted AS (DELETE FROM change_preview WHERE created_at < now() - interval '1 day' RETURNING 1)
     SELECT count(*)::int AS count FROM deleted`,
  );
  const count = row?.count ?? 0;
  return count === 0 ? [] : [`deleted ${count} previews of plan changes`];
};
