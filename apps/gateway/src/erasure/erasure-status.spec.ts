import { describe, expect, it } from '@jest/globals';
import { erasureView } from './erasure-status.js';
import type { Erasure } from './erasure-status.js';

const requestedAt = new Date('2026-11-01T10:00:00Z');
const soon = new Date('2026-11-01T10:00:30Z');
const erasure: Erasure = {
  userId: 'user-1',
  requestId: 'b1f6b0de-9d1a-4a57-8b57-3f0c6c2a1e55',
  reason: 'ticket 4711',
  requestedBy: 'olga',
  requestedAt,
  billingEndedAt: null,
  failedTries: 0,
  lastError: null,
  nextTryAt: soon,
  answers: [],
};
const answer = (service: 'gateway' | 'subscription' | 'audit', at: string) => ({
  service,
  counts: { rows: 1 },
  answeredAt: new Date(at),
});

describe('the state of an erasure', () => {
  it('waits for Stripe first, and says why and until when', () => {
    expect(erasureView({ ...erasure, failedTries: 2, lastError: 'stripe_unavailable' }, soon)).toMatchObject({
      state: 'ending_billing',
      waiting_for: ['stripe'],
      takes_long: false,
      failed_tries: 2,
      last_error: 'stripe_unavailable',
      next_try_at: soon.toISOString(),
      completed_at: null,
    });
  });

  it('then waits for every service that has not answered', () => {
    const answers = [answer('subscription', '2026-11-01T10:00:10Z')];
    expect(erasureView({ ...erasure, billingEndedAt: soon, answers }, soon)).toMatchObject({
      state: 'erasing',
      waiting_for: ['gateway', 'audit'],
      next_try_at: null,
      services: [
        { service: 'gateway', completed_at: null, counts: null },
        { service: 'subscription', completed_at: '2026-11-01T10:00:10.000Z', counts: { rows: 1 } },
        { service: 'audit', completed_at: null, counts: null },
      ],
    });
  });

  it('takes long once it has waited for a quarter of an hour', () => {
    const late = new Date(requestedAt.getTime() + 15 * 60_000 + 1);
    expect(erasureView({ ...erasure, billingEndedAt: soon }, late)).toMatchObject({ takes_long: true });
  });

  it('is complete when the last one has answered', () => {
    const answers = [
      answer('audit', '2026-11-01T10:00:20Z'),
      answer('subscription', '2026-11-01T10:00:10Z'),
      answer('gateway', '2026-11-01T10:00:05Z'),
    ];
    const late = new Date(requestedAt.getTime() + 3_600_000);
    expect(erasureView({ ...erasure, billingEndedAt: soon, answers }, late)).toMatchObject({
      state: 'complete',
      waiting_for: [],
      takes_long: false,
      completed_at: '2026-11-01T10:00:20.000Z',
    });
  });
});
