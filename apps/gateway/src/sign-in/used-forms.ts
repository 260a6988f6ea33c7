import type { MaintenanceTask } from '@billhook/database';

/** Deletes what is remembered of forms that are too old to be sent again: a form is good for twelve hours. */
export const forgetUsedForms: MaintenanceTask = async (query) => {
  const [row] = await query<{ count: number }>(
    `WITH deleted AS (DELETE FROM used_form WHERE used_at < now() - interval '1 day' RETURNING 1)
     SELECT count(*)::int AS count FROM deleted`,
  );
  const count = row?.count ?? 0;
  return count === 0 ? [] : [`deleted ${count} used forms`];
};
