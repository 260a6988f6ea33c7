import { accountOf, saveAccount } from './ledger.js';
import type { Ledger } from './ledger.js';
import { objectsOfUser } from './objects.js';

/** What the policy goes by: the later of our clock and the newest of Stripe's times for the user. A test clock may run years ahead. */
export function policyClock(newestStripeTime: Date | null, now: Date): Date {
  return newestStripeTime !== null && newestStripeTime > now ? newestStripeTime : now;
}

/** For `policyClock`: never set back by an event that comes late. */
export function noteStripeTime(ledger: Ledger, userId: string, at: Date): void {
  const entry = accountOf(ledger, userId);
  if (entry.newestStripeTime !== null && entry.newestStripeTime >= at) return;
  saveAccount(ledger, { ...entry, newestStripeTime: at });
}

/** The times of what was kept before anybody knew that it was of these users. */
export function noteTimesOfObjects(ledger: Ledger, userIds: ReadonlySet<string>): void {
  for (const userId of userIds)
    for (const { object } of objectsOfUser(ledger, userId)) noteStripeTime(ledger, userId, object.row.at);
}
