import { Injectable } from '@nestjs/common';
import { EntriesStore } from '../query/entries.store.js';
import type { LinkedEntry } from '../query/entries.store.js';
import { newestSeqOf, storiesOf } from './stories.js';
import type { Story } from './stories.js';

export interface TimelinePage {
  data: Story[];
  next_cursor: string | null;
}

/** Where a page goes on: nothing newer than `asOf` is looked at any more, so that stories stay where they were. */
export interface TimelinePosition {
  asOf: string;
  before: string;
}

/** A request leads to an event, that to a decision, and that to a tier: this often one step further. */
const mostSteps = 3;
const mostRelated = 200;

@Injectable()
export class TimelineStore {
  constructor(private readonly entries: EntriesStore) {}

  /**
   * The stories of a user's newest `limit` entries, newest first. A story stands on the page of its newest entry, whole; what it holds
   * of the pages after is not shown again there.
   */
  async page(userId: string, limit: number, position?: TimelinePosition): Promise<TimelinePage> {
    const asOf = position?.asOf ?? (await this.entries.head());
    const before = position?.before ?? (BigInt(asOf) + 1n).toString();
    const found = await this.entries.newestOfUser(userId, before, limit + 1);
    const own = found.slice(0, limit);
    const oldest = own.at(-1)?.seq ?? 0;
    const stories = storiesOf(await this.withRelated(own, asOf));
    return {
      data: stories.filter((story) => isOfPage(newestSeqOf(story), { before, oldest })),
      next_cursor: found.length > limit ? `${asOf}-${oldest}` : null,
    };
  }

  private async withRelated(own: LinkedEntry[], upTo: string): Promise<LinkedEntry[]> {
    if (own.length === 0) return [];
    const reach = { upTo, most: mostRelated, steps: mostSteps };
    return [
      ...own,
      ...(await this.entries.related(
        own.map(({ seq }) => seq),
        reach,
      )),
    ];
  }
}

/** A story that goes on to newer entries than the page's was on the page before. */
function isOfPage(newest: number, { before, oldest }: { before: string; oldest: number }): boolean {
  return newest < Number(before) && newest >= oldest;
}
