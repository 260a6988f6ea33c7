import { domainEvents, isDomainEventType } from '@billhook/contracts';
import { describe, expect, it } from '@jest/globals';
import { toDraft } from '../../../apps/audit/src/trail/content.js';
import { feedFor, storyOf } from './trail-feed.js';

const at = new Date('2026-03-01T00:00:00Z');
const feed = feedFor('spec', 20_000);
const stories = Array.from({ length: 3_000 }, (_, story) => storyOf(feed, story, at));
const events = stories.flat();

describe("the trail's feed", () => {
  it('holds only what the trail understands, each event once', () => {
    for (const event of events) expect(toDraft(event).content.notes).toEqual([]);
    expect(new Set(events.map(({ attributes }) => attributes.id)).size).toBe(events.length);
  });

  it('holds domain events as their contracts say', () => {
    for (const { attributes, body } of events) {
      if (!isDomainEventType(attributes.type)) continue;
      expect(domainEvents[attributes.type].schema.safeParse(JSON.parse(body.toString())).success).toBe(true);
    }
  });

  it('tells of everybody, of some much more than of others', () => {
    const perUser = new Map<string, number>();
    for (const event of events) {
      const { user_id, customer_id } = toDraft(event).content;
      const user = user_id ?? customer_id;
      if (user !== null) perUser.set(user, (perUser.get(user) ?? 0) + 1);
    }
    const counts = [...perUser.values()].toSorted((a, b) => b - a);
    expect(perUser.size).toBeGreaterThanOrEqual(feed.users);
    expect(counts[0]).toBeGreaterThan(5 * (counts[Math.floor(counts.length / 2)] ?? 0));
  });
});
