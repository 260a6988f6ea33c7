import type { MaintenanceTask, OwnerQuery } from '@billhook/database';
import { undecodableType } from './dead-letter.js';
import { deadLettersExpireAfterDays } from './topology.js';

/** Rows that one statement deletes: some ten milliseconds of work, and of locks on rows that nobody wants any more. */
const chunk = 5_000;

/** Deletes outbox rows that were sent this long ago. What is not sent stays, however old it is. */
export function forgetSent(olderThanDays: number): MaintenanceTask {
  return async (query) => {
    let deleted = 0;
    for (let last = '0'; ;) {
      const step = await forgetNextSent(query, last, olderThanDays);
      deleted += step.deleted;
      if (step.last === null) return deleted === 0 ? [] : [`deleted ${deleted} sent outbox rows`];
      last = step.last;
    }
  };
}

interface Step {
  deleted: number;
  /** Where the next one begins; null at the end. */
  last: string | null;
}

/** Ids grow with time, so a walk along them ends at the first stretch that is young as a whole. */
async function forgetNextSent(query: OwnerQuery, after: string, days: number): Promise<Step> {
  const [row] = await query<Step>(
    `WITH stretch AS (
       SELECT id, created_at < now() - make_interval(days => $2) AS is_old,
              coalesce(sent_at < now() - make_interval(days => $2), false) AS is_done
       FROM outbox WHERE id > $1::bigint ORDER BY id LIMIT $3
     ), deleted AS (
       DELETE FROM outbox WHERE id = ANY (ARRAY(SELECT id FROM stretch WHERE is_done)) RETURNING 1
     )
     SELECT (SELECT count(*)::int FROM deleted) AS deleted,
            (SELECT max(id)::text FROM stretch HAVING bool_or(is_old)) AS last`,
    [after, days, chunk],
  );
  return row ?? { deleted: 0, last: null };
}

/** Deletes what an inbox remembers from this long ago, but never an event that is parked or to be tried again. */
export function forgetSettled(consumer: string, olderThanDays: number): MaintenanceTask {
  return async (query) => {
    let deleted = 0;
    for (;;) {
      const [row] = await query<{ count: number }>(
        `WITH deleted AS (
           DELETE FROM inbox WHERE consumer = $1 AND event_id = ANY (ARRAY(
             SELECT event_id FROM inbox AS old
             WHERE consumer = $1 AND recorded_at < now() - make_interval(days => $2)
               AND outcome IN ('applied', 'ignored', 'duplicate')
               AND NOT EXISTS (SELECT FROM parked_event WHERE consumer = $1 AND event_id = old.event_id)
             ORDER BY recorded_at LIMIT $3))
           RETURNING 1)
         SELECT count(*)::int AS count FROM deleted`,
        [consumer, olderThanDays, chunk],
      );
      const count = row?.count ?? 0;
      deleted += count;
      if (count < chunk) return deleted === 0 ? [] : [`deleted ${deleted} inbox rows`];
    }
  };
}

/** Deletes dead letters that are no events once they are as old as they may become in the broker. Nothing can ever run them. */
export function forgetUndecodable(consumer: string): MaintenanceTask {
  return async (query) => {
    const [row] = await query<{ count: number }>(
      `WITH deleted AS (
         DELETE FROM parked_event
         WHERE consumer = $1 AND type = $2 AND parked_at < now() - make_interval(days => $3)
         RETURNING event_id),
       forgotten AS (
         DELETE FROM inbox USING deleted WHERE inbox.consumer = $1 AND inbox.event_id = deleted.event_id)
       SELECT count(*)::int AS count FROM deleted`,
      [consumer, undecodableType, deadLettersExpireAfterDays],
    );
    const count = row?.count ?? 0;
    return count === 0 ? [] : [`deleted ${count} dead letters that are no events`];
  };
}
