import type { PlanCatalogue } from '@billhook/billing';
import type { Account } from '@billhook/contracts';
import { pendingFor } from './pending.js';
import type { PendingChange, PendingView } from './pending.js';

/** `GET /v1/account`. */
export type AccountAnswer = Account & { pending: PendingView | null };

/** Whoever has never been heard of is on Free, at version 0, which every real version replaces. */
export function freeAccount(userId: string, catalogue: PlanCatalogue, now: Date): Account {
  return {
    user_id: userId,
    tier: 0,
    tier_name: 'free',
    entitlements: catalogue.free.entitlements,
    subscription: null,
    action_required: null,
    version: 0,
    as_of: now.toISOString(),
  };
}

export function accountAnswer(account: Account, change: PendingChange | null, now: Date): AccountAnswer {
  const { version, as_of, ...state } = account;
  return { ...state, pending: pendingFor(account, change, now), version, as_of };
}
