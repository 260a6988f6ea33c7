import { accountOf, saveAccount } from './ledger.js';
import type { Ledger } from './ledger.js';
import { objectsOfUser } from './objects.js';

/** Stripe's clock may run ahead of ours, with a test clock by years: the policy goes by the later of the two. */
export function noteStripeTime(ledger: Ledger, userId: string, at: Date): void {
  const entry = accountOf(ledger, userId);
  if (entry.newestStripeTime !== null && entry.newestStripeTime >= at) return;
  saveAccount(ledger, { ...entry, newestStripeTime: at });
}

/** Of what was told of a user before it was known that it was of this one. */
export function noteTimesOfObjects(ledger: Ledger, userIds: ReadonlySet<string>): void {
  for (const userId of userIds)
    for (const { object } of objectsOfUser(ledger, userId)) noteStripeTime(ledger, userId, object.row.at);
}
