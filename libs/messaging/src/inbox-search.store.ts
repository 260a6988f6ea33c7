import type { EventAttributes } from '@billhook/contracts';
import type { EntityManager } from 'typeorm';
import type { InboxStatus } from './event.js';
import { toEntry } from './inbox.store.js';
import type { InboxEntry, InboxRow } from './inbox.store.js';
import { fromKept } from './kept-headers.js';

/** Where a page of events ended. */
export interface InboxPosition {
  recordedAt: Date;
  eventId: string;
}

/** All of it must hold. */
export interface InboxFilter {
  ids?: readonly string[] | undefined;
  status?: InboxStatus | undefined;
  /** A reason up to its first colon; or, with a colon in it, the whole of one. */
  reason?: string | undefined;
  type?: string | undefined;
  /** Recorded at this time or later. */
  since?: Date | undefined;
}

export interface InboxPage {
  order: 'newest' | 'oldest';
  limit: number;
  /** The last entry of the page before. */
  after?: InboxPosition | undefined;
}

/** Events with the same outcome for the same reason, as far as its first colon. */
export interface ReasonGroup {
  status: InboxStatus;
  reason: string | null;
  count: number;
  oldest: Date;
  newest: Date;
}

/** What is done with, since a time; what is not, whatever its age. */
export interface InboxSummary {
  counts: Record<InboxStatus, number>;
  /** Of all but the applied ones, which have no reason. The largest first. */
  groups: ReasonGroup[];
}

/** The event itself, for as long as it is parked or tried again. `attributes` and `body` are null once it was redacted. */
export interface KeptParked {
  attributes: EventAttributes | null;
  body: Buffer | null;
  attempts: number;
  parkedAt: Date;
  /** Null once it waits for a person, or for the event that its key names. */
  retryAt: Date | null;
}

export type InboxDetail = InboxEntry & { parked: KeptParked | null };

/** Questions about what a consumer has seen. `inbox_unapplied` answers for all but the applied events. */
export class InboxSearch {
  constructor(private readonly consumer: string) {}

  async list(manager: EntityManager, filter: InboxFilter, page: InboxPage): Promise<InboxEntry[]> {
    const { conditions, parameters } = this.where(filter, page);
    const direction = page.order === 'newest' ? 'DESC' : 'ASC';
    const rows: InboxRow[] = await manager.query(
      `SELECT event_id, type, outcome, reason, recorded_at FROM inbox WHERE ${conditions.join(' AND ')}
       ORDER BY recorded_at ${direction}, event_id ${direction} LIMIT $${parameters.length + 1}`,
      [...parameters, page.limit],
    );
    return rows.map(toEntry);
  }

  /** How many there are of each kind, in all pages from this one on. */
  async groups(manager: EntityManager, filter: InboxFilter, page?: InboxPage): Promise<ReasonGroup[]> {
    const { conditions, parameters } = this.where(filter, page);
    return groupsWhere(manager, conditions, parameters);
  }

  /** The inbox remembers events for more than a year: counting those that are done with takes longer with each, hence `since`. */
  async summary(manager: EntityManager, since: Date): Promise<InboxSummary> {
    const ofConsumer = 'consumer = $1';
    const isOpen = [ofConsumer, `outcome IN ('parked', 'retrying')`];
    const isDone = [ofConsumer, `outcome IN ('applied', 'ignored')`, 'recorded_at >= $2'];
    const open = await groupsWhere(manager, isOpen, [this.consumer]);
    const done = await groupsWhere(manager, isDone, [this.consumer, since]);
    const counts = { applied: 0, ignored: 0, parked: 0, retrying: 0 };
    for (const group of [...open, ...done]) counts[group.status] += group.count;
    const groups = [...open, ...done.filter(({ status }) => status !== 'applied')];
    return { counts, groups: groups.toSorted((a, b) => b.count - a.count) };
  }

  async find(manager: EntityManager, id: string): Promise<InboxDetail | null> {
    const rows: (InboxRow & ParkedColumns)[] = await manager.query(
      `SELECT inbox.event_id, inbox.type, outcome, inbox.reason, recorded_at,
              headers, body, attempts, parked_at, retry_at
       FROM inbox LEFT JOIN parked_event USING (consumer, event_id)
       WHERE consumer = $1 AND event_id = $2`,
      [this.consumer, id],
    );
    return rows[0] === undefined ? null : { ...toEntry(rows[0]), parked: toParked(rows[0]) };
  }

  private where(filter: InboxFilter, page?: InboxPage): { conditions: string[]; parameters: unknown[] } {
    const { ids, status, reason, type, since } = filter;
    const conditions = ['consumer = $1'];
    const parameters: unknown[] = [this.consumer];
    const add = (condition: (parameter: string) => string, value: unknown): void => {
      if (value !== undefined) conditions.push(condition(`$${parameters.push(value)}`));
    };
    add((list) => `event_id = ANY(${list}::text[])`, ids);
    add((text) => `outcome = ${text}`, status);
    add((text) => `type = ${text}`, type);
    add((time) => `recorded_at >= ${time}`, since);
    add((text) => `${reason?.includes(':') === true ? 'reason' : reasonHead} = ${text}`, reason);
    // Only applied events have no reason: saying so lets the index of the others be used.
    if (reason !== undefined && status === undefined) conditions.push(`outcome <> 'applied'`);
    const beyond = page?.order === 'newest' ? '<' : '>';
    if (page?.after !== undefined) {
      const [time, id] = [parameters.push(page.after.recordedAt), parameters.push(page.after.eventId)];
      conditions.push(`(recorded_at, event_id) ${beyond} ($${time}, $${id})`);
    }
    return { conditions, parameters };
  }
}

const reasonHead = `split_part(reason, ':', 1)`;

async function groupsWhere(
  manager: EntityManager,
  conditions: readonly string[],
  parameters: unknown[],
): Promise<ReasonGroup[]> {
  const rows: GroupRow[] = await manager.query(
    `SELECT outcome AS status, ${reasonHead} AS reason, count(*),
            min(recorded_at) AS oldest, max(recorded_at) AS newest
     FROM inbox WHERE ${conditions.join(' AND ')}
     GROUP BY 1, 2 ORDER BY count(*) DESC, 1, 2`,
    parameters,
  );
  return rows.map(({ count, ...group }) => ({ ...group, count: Number(count) }));
}

type GroupRow = Omit<ReasonGroup, 'count'> & { count: string };

interface ParkedColumns {
  headers: unknown;
  body: Buffer | null;
  attempts: number | null;
  parked_at: Date | null;
  retry_at: Date | null;
}

function toParked(row: ParkedColumns): KeptParked | null {
  const { attempts, parked_at: parkedAt, retry_at: retryAt, body } = row;
  if (attempts === null || parkedAt === null) return null;
  return { attributes: fromKept(row.headers), body, attempts, parkedAt, retryAt };
}
