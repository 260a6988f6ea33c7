import { concernsBilling } from '@billhook/billing';
import { EventPublisher } from '@billhook/messaging';
import { Retryable } from '@billhook/runtime';
import { Injectable } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { findStart, listedSeconds } from './events-start.client.js';
import { toListedEvent, toOutgoing } from './listed-event.js';
import type { ListedEvent } from './listed-event.js';
import { added } from './run.js';
import type { Counts, Run, Step } from './run.js';
import { Runs } from './run.store.js';
import { ReconcileSettings } from './settings.js';
import { StripeLists } from './stripe-lists.client.js';
import type { ListedObject, Page } from './stripe-lists.client.js';
import { UntakenEvents } from './untaken-events.store.js';

/** Five minutes for clocks that disagree, and as much for events that Stripe lists some time after it has dated them. */
const overlapMs = 10 * 60 * 1_000;
/** Asking for the next pages goes on while the first ones are applied; so many events are under way at once, and no more. */
const pagesOfAStep = 5;
const pollMs = 50;
/** What a broker has confirmed and nobody has taken is in a queue, or was: longer than any consumer but one that is down needs. */
const publishedAgainAfterMs = 10 * 60 * 1_000;

/** A part of the walk: the events of some pages, and where the next one begins. */
interface Stretch {
  events: ListedEvent[];
  counts: Counts;
  /** The newest event that was looked at; null when there was none. */
  last: string | null;
  hasMore: boolean;
  answeredAt: Date | null;
}

/**
 * Brings what Stripe lists and the inbox has not: published as the ingress would have, so that it reaches every consumer, by the
 * same way and deduplicated by the same ids. From the oldest to the newest; what happens meanwhile is at the end of the walk.
 */
@Injectable()
export class CatchUp {
  /** When each of the events was published that nobody has taken yet: a step that is tried again must not fill the queues. */
  private readonly underWay = new Map<string, number>();

  constructor(
    private readonly lists: StripeLists,
    private readonly publisher: EventPublisher,
    private readonly untaken: UntakenEvents,
    private readonly runs: Runs,
    private readonly settings: ReconcileSettings,
  ) {}

  /** The next few pages. The cursor moves past them once all of their events are in the inbox. */
  async step(run: Run, signal: AbortSignal): Promise<Step> {
    const stretch = run.position === null ? await this.begin() : await this.walk(run.position);
    const missing = await this.untaken.among(stretch.events.filter(({ type }) => concernsBilling(type)));
    const counts = added(stretch.counts, missing.length > 0 ? { events_missing: missing.length } : {});
    if (!run.dryRun) {
      await this.publish(missing, run);
      await this.untilTaken(missing, signal);
      await this.moveCursor(stretch);
    }
    return { next: stretch.hasMore && stretch.last !== null ? { position: stretch.last } : null, counts };
  }

  private async begin(): Promise<Stretch> {
    const cursor = await this.runs.eventsCursor();
    const from = cursor === null ? null : new Date(cursor.getTime() - overlapMs);
    const start = await findStart(this.lists, from);
    switch (start.kind) {
      case 'nothing':
        return { events: [], counts: {}, last: null, hasMore: false, answeredAt: null };
      case 'after':
        return this.walk(start.id);
      case 'oldest': {
        const stretch = toStretch([start.page], true);
        return { ...stretch, counts: added(stretch.counts, isBeyondList(from, start.page) ? { beyond_list: 1 } : {}) };
      }
      default:
        return start satisfies never;
    }
  }

  private async walk(after: string): Promise<Stretch> {
    const pages: Page<ListedObject>[] = [];
    let last = after;
    for (let page = await this.pageAfter(last); ; page = await this.pageAfter(last)) {
      pages.push(page);
      last = page.data[0]?.id ?? last;
      if (!page.hasMore || pages.length === pagesOfAStep) return toStretch(pages, page.hasMore);
    }
  }

  private pageAfter(id: string): Promise<Page<ListedObject>> {
    return this.lists.events({ endingBefore: id });
  }

  /** With confirms: whoever publishes into the void would move the cursor past what nobody has. */
  private async publish(events: readonly ListedEvent[], { id }: Run): Promise<void> {
    const now = new Date();
    const publish = async (event: ListedEvent): Promise<void> => {
      await this.publisher.publish(toOutgoing(event, id, now));
      this.underWay.set(event.id, now.getTime());
    };
    await Promise.all(events.filter((event) => !this.isUnderWay(event, now)).map(publish));
  }

  private isUnderWay({ id }: ListedEvent, now: Date): boolean {
    return now.getTime() - (this.underWay.get(id) ?? -Infinity) < publishedAgainAfterMs;
  }

  private async untilTaken(events: readonly ListedEvent[], signal: AbortSignal): Promise<void> {
    const deadline = performance.now() + this.settings.takenWithinSeconds * 1_000;
    for (let left = events; ; left = await this.untaken.among(left)) {
      if (left.length === 0) return this.underWay.clear();
      if (performance.now() > deadline) {
        throw new Retryable('broker_unavailable', new Error(`${left.length} published events were not taken in time`));
      }
      await delay(pollMs, undefined, { signal });
    }
  }

  /** At the end of the list to the time of its answer: until then there was nothing newer. */
  private async moveCursor({ events, hasMore, answeredAt }: Stretch): Promise<void> {
    const newest = events.at(-1)?.createdAt ?? null;
    const at = hasMore ? newest : (answeredAt ?? newest);
    if (at !== null) await this.runs.moveEventsCursor(at);
  }
}

/** Whether events may have gone from the list since the walk that ended at `from`. */
function isBeyondList(from: Date | null, { answeredAt }: Page<ListedObject>): boolean {
  const now = answeredAt ?? new Date();
  return from !== null && now.getTime() - from.getTime() > listedSeconds * 1_000;
}

/** Pages follow each other from old to new, and each of them is listed the other way round. */
function toStretch(pages: readonly Page<ListedObject>[], hasMore: boolean): Stretch {
  const listed = pages.flatMap(({ data }) => data.toReversed());
  const events = listed.flatMap((json) => toListedEvent(json) ?? []);
  const unreadable = listed.length - events.length;
  return {
    events,
    counts: { events_listed: listed.length, ...(unreadable > 0 && { events_unreadable: unreadable }) },
    last: listed.at(-1)?.id ?? null,
    hasMore,
    answeredAt: pages.at(-1)?.answeredAt ?? null,
  };
}
