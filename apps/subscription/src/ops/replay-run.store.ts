import { InboxSearch } from '@billhook/messaging';
import type { InboxEntry, InboxFilter, InboxPosition, ReasonGroup } from '@billhook/messaging';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { consumerName } from '../intake/consumer-name.js';
import { Replays } from './replay.store.js';
import type { NotRun, ReplayOrder, ReplayResult } from './replay.store.js';

/** Which events, at most how many, and where an earlier replay of the same filter ended. */
export interface Selection {
  filter: InboxFilter;
  limit: number;
  after: InboxPosition | undefined;
}

export interface Chosen {
  /** Of all that match and were not looked at before, whatever the limit. */
  groups: ReasonGroup[];
  matched: number;
  /** Asked for by id, but never seen. */
  unknown: number;
  /** Oldest first, at most as many as the limit. */
  entries: InboxEntry[];
}

export interface ReplayReport {
  chosen: Chosen;
  results: ReplayResult[];
  replayed: number;
  /** The last event that was looked at; null when there was none. */
  last: InboxEntry | null;
}

/** Within the ten seconds that a process has to exit in: what is left is for the next request. */
const longestRunMs = 8_000;
const notRun: ReadonlySet<ReplayResult> = new Set<NotRun>(['busy', 'not_found', 'redacted', 'not_kept', 'unreadable']);

/** Replays what a filter selects, oldest first, each event in a transaction of its own. */
@Injectable()
export class ReplayRun {
  private readonly search = new InboxSearch(consumerName);

  constructor(
    private readonly dataSource: DataSource,
    private readonly replays: Replays,
  ) {}

  /** What would be replayed. Changes nothing. */
  async choose({ filter, limit, after }: Selection): Promise<Chosen> {
    const { manager } = this.dataSource;
    const page = { order: 'oldest', limit, after } as const;
    const groups = await this.search.groups(manager, filter, page);
    const matched = groups.reduce((sum, group) => sum + group.count, 0);
    const entries = await this.search.list(manager, filter, page);
    const known = filter.ids === undefined ? 0 : await this.countKnown(filter.ids);
    return { groups, matched, unknown: new Set(filter.ids).size - known, entries };
  }

  async run(selection: Selection, order: ReplayOrder): Promise<ReplayReport> {
    const chosen = await this.choose(selection);
    const startedAt = performance.now();
    const results: ReplayResult[] = [];
    for (const entry of chosen.entries) {
      if (performance.now() - startedAt > longestRunMs) break;
      results.push(await this.replays.run(entry.eventId, order));
    }
    const replayed = results.filter((result) => !notRun.has(result)).length;
    return { chosen, results, replayed, last: chosen.entries[results.length - 1] ?? null };
  }

  private async countKnown(ids: readonly string[]): Promise<number> {
    const groups = await this.search.groups(this.dataSource.manager, { ids });
    return groups.reduce((sum, group) => sum + group.count, 0);
  }
}
