import type { SubscriptionRow } from '@billhook/billing';
import type { FetchRequest, Rules } from '../ledger/ledger.js';
import { lookOf } from '../ledger/looks.js';
import type { LookColumns } from '../ledger/looks.js';
import { askAgainAfterMs } from './ask-again.js';

/** A subscription whose look has come, as it was saved. */
export interface DueRow {
  row: SubscriptionRow;
  newestStripeTime: Date | null;
  /** How often Stripe was asked for the saved moment. */
  asked: number;
}

export interface TakenLook {
  look: LookColumns & { asked: number };
  /** Null when it turns out that the moment has not come: there was none saved yet, or grace was changed. */
  request: FetchRequest | null;
}

/**
 * What a look that is due leads to. The moment is worked out anew; if it has come, Stripe is asked, and not again before a while,
 * however long it takes to answer.
 */
export function takeLook({ row, newestStripeTime, asked }: DueRow, rules: Pick<Rules, 'graceDays' | 'now'>): TakenLook {
  const look = lookOf(row, newestStripeTime, rules);
  const { nextLookAt, lookReason, lookDueAt } = look;
  if (nextLookAt === null || lookReason === null || lookDueAt === null || lookDueAt > rules.now)
    return { look: { ...look, asked: 0 }, request: null };
  return {
    look: { ...look, lookDueAt: new Date(rules.now.getTime() + askAgainAfterMs(asked)), asked: asked + 1 },
    request: {
      subscriptionId: row.subscriptionId,
      customerId: row.customerId,
      reason: `timer: ${lookReason}`,
      causeId: `timer:${row.subscriptionId}:${lookReason}:${nextLookAt.toISOString()}`,
      // Of Stripe's clock, never of ours: the answer is placed among Stripe's events by it.
      at: newestStripeTime ?? row.order.at,
      background: { afterSeconds: 0 },
    },
  };
}
