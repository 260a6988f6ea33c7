import type { EntityManager } from 'typeorm';
import { undecodableType } from './dead-letter.js';
import { InboxSearch } from './inbox-search.store.js';
import type { InboxEntry } from './inbox.store.js';

/** Which of a consumer's parked events: all of it must hold. A reason is one up to its first colon, or the whole of one. */
export interface ParkedFilter {
  ids?: readonly string[] | undefined;
  reason?: string | undefined;
}

/** More at once nobody reads, and the service would be at them for minutes. */
const most = 1_000;

/** What waits for a person, of a consumer that has no API for it. */
export class ParkedEvents {
  private readonly search: InboxSearch;

  constructor(private readonly consumer: string) {
    this.search = new InboxSearch(consumer);
  }

  /** Oldest first, a thousand at most. */
  list(manager: EntityManager, filter: ParkedFilter): Promise<InboxEntry[]> {
    return this.search.list(manager, { ...filter, status: 'parked' }, { order: 'oldest', limit: most });
  }

  /**
   * Makes them due: the running service tries them again, as often as an event that has just failed. Returns the ids of those it
   * will; what is no event or was redacted stays. In the order in which retries lock the two: parked, then inbox.
   */
  async tryAgain(manager: EntityManager, ids: readonly string[]): Promise<string[]> {
    const rows: { event_id: string }[] = await manager.query(
      `WITH due AS (
         UPDATE parked_event SET retry_at = now(), attempts = 0
         WHERE consumer = $1 AND event_id = ANY($2) AND retry_at IS NULL AND body IS NOT NULL AND type <> $3
         RETURNING event_id),
       retrying AS (
         UPDATE inbox SET outcome = 'retrying' FROM due
         WHERE inbox.consumer = $1 AND inbox.event_id = due.event_id RETURNING inbox.event_id)
       SELECT event_id FROM retrying ORDER BY event_id`,
      [this.consumer, ids, undecodableType],
    );
    return rows.map((row) => row.event_id);
  }
}
