import { decide, planCatalogue, toStripeFact } from '@billhook/billing';
import type { Decision, SubscriptionRow } from '@billhook/billing';
import { attributesSchema } from '@billhook/contracts';
import { describe, expect, it } from '@jest/globals';
import { readEnvelope, toAttributes } from '../../../apps/webhook-ingress/src/stripe-envelope.js';
import { feedAttributes, feedEvent, subscriptionCount } from './stripe-feed.js';

const catalogue = planCatalogue({
  pro: { monthly: ['price_pro_monthly'], yearly: ['price_pro_yearly'] },
  elite: { monthly: ['price_elite_monthly'], yearly: ['price_elite_yearly'] },
});

/** The events of one subscription in their order. */
const historyOf = (subject: number, length: number) =>
  Array.from({ length }, (_, step) => feedEvent('run', step * subscriptionCount + subject));

const decided = (row: SubscriptionRow | null, event: object): Decision => {
  const fact = toStripeFact(JSON.parse(JSON.stringify(event)));
  if (!fact.ok || fact.value.kind !== 'subscription') throw new Error('the feed made no event of a subscription');
  return decide(row, fact.value.event, { userId: 'user_7', catalogue });
};

describe('the feed', () => {
  it('changes a subscription with every event after its creation, so that each is applied and announced', () => {
    let row: SubscriptionRow | null = null;
    const changes: unknown[] = [];
    for (const { event } of historyOf(7, 13)) {
      const decision = decided(row, event);
      if (decision.kind !== 'applied') throw new Error(`${event.id} was ${decision.kind}`);
      expect(decision.domainEvents).toHaveLength(1);
      changes.push([decision.row.priceId, decision.row.cancelAtPeriodEnd, decision.row.currentPeriodStart]);
      row = decision.row;
    }
    expect(changes.slice(0, 6)).toEqual([
      ['price_pro_monthly', false, new Date('2026-11-01T00:00:00Z')],
      ['price_pro_monthly', true, new Date('2026-11-01T00:00:00Z')],
      ['price_pro_monthly', false, new Date('2026-11-01T00:00:00Z')],
      ['price_elite_monthly', false, new Date('2026-11-01T00:00:00Z')],
      ['price_elite_monthly', false, new Date('2026-12-01T00:00:00Z')],
      ['price_pro_monthly', false, new Date('2026-12-01T00:00:00Z')],
    ]);
  });

  it('says truly what was before each change', () => {
    for (const [index, { event }] of historyOf(7, 13).entries()) {
      const fact = toStripeFact(JSON.parse(JSON.stringify(event)));
      if (!fact.ok || fact.value.kind !== 'subscription') throw new Error('no event');
      const before = index === 0 ? undefined : toStripeFact(historyOf(7, index)[index - 1]?.event);
      const snapshot = before?.ok && before.value.kind === 'subscription' ? before.value.event.snapshot : null;
      expect(fact.value.event.before).toEqual(snapshot);
    }
  });

  it('has no period that ends while a benchmark may run', () => {
    let row: SubscriptionRow | null = null;
    for (const { event } of historyOf(7, 13)) {
      const decision = decided(row, event);
      if (decision.kind !== 'applied') throw new Error(`${event.id} was ${decision.kind}`);
      row = decision.row;
      expect(row.currentPeriodEnd?.getTime()).toBeGreaterThan(Date.parse('2080-01-01'));
    }
  });

  it('weighs 2.9 to 3.2 KB an event', () => {
    const weights = historyOf(1_999, 11).map(({ event }) => JSON.stringify(event).length);
    expect(Math.min(...weights)).toBeGreaterThan(2_900);
    expect(Math.max(...weights)).toBeLessThan(3_200);
  });

  it('gives events the envelope that the ingress gives them', () => {
    const at = new Date('2026-11-23T00:00:00Z');
    const item = feedEvent('run', 4_242);
    const read = readEnvelope(Buffer.from(JSON.stringify(item.event)));
    if (!read.ok) throw new Error(read.reason);
    const attributes = feedAttributes(item, at);
    expect(attributes).toEqual(toAttributes(read.event, { at, requestId: attributes.requestid ?? '' }));
    expect(attributesSchema.parse(attributes)).toMatchObject({ id: 'evt_run_4242', subject: 'sub_242' });
  });
});
