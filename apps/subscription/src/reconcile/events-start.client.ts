import type { ListedObject, Page, StripeLists } from './stripe-lists.client.js';

/** Where a walk towards the newest event begins: after an event, or with a page that has the oldest one there is. */
export type EventsStart =
  { kind: 'after'; id: string } | { kind: 'oldest'; page: Page<ListedObject> } | { kind: 'nothing' };

/** Stripe lists no older events. */
export const listedSeconds = 30 * 24 * 60 * 60;

/**
 * Stripe lists the newest first and pages from an event that must still be there, so walking from old to new needs one to begin
 * after: the newest before `from`. Where there is none, the oldest that Stripe still lists is searched by halving the time.
 */
export async function findStart(lists: StripeLists, from: Date | null): Promise<EventsStart> {
  if (from !== null) {
    const before = await lists.events({ createdBefore: secondsOf(from), limit: 1 });
    const [event] = before.data;
    if (event !== undefined) return { kind: 'after', id: event.id };
  }
  const newest = await lists.events({ limit: 1 });
  const second = createdOf(newest.data[0]);
  return second === null ? { kind: 'nothing' } : { kind: 'oldest', page: await oldestPage(lists, second) };
}

/** Of the events of the oldest second that has any, the last page. */
async function oldestPage(lists: StripeLists, newest: number): Promise<Page<ListedObject>> {
  let [empty, filled] = [newest - 2 * listedSeconds, newest];
  while (filled - empty > 1) {
    const middle = Math.floor((empty + filled) / 2);
    const { data } = await lists.events({ createdUntil: middle, limit: 1 });
    const found = createdOf(data[0]);
    if (found === null) empty = middle;
    else filled = found;
  }
  let page = await lists.events({ createdUntil: filled });
  for (let last = page.data.at(-1); page.hasMore && last !== undefined; last = page.data.at(-1)) {
    page = await lists.events({ createdUntil: filled, startingAfter: last.id });
  }
  return page;
}

function secondsOf(time: Date): number {
  return Math.floor(time.getTime() / 1_000);
}

function createdOf(event: ListedObject | undefined): number | null {
  return typeof event?.['created'] === 'number' ? event['created'] : null;
}
