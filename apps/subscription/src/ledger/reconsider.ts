import { duplicatesAmong, reconsiderAccount, returnsToTell } from '@billhook/billing';
import { accountOf, announce, saveAccount, subscriptionsOf } from './ledger.js';
import type { Cause, Ledger, Rules } from './ledger.js';
import { evidenceOf, markTold, toldOf } from './objects.js';
import { policyClock } from './stripe-time.js';

/** What a user's subscriptions and money mean now: the account, and what of it is to be told. Nothing where all is as before. */
export function reconsider(ledger: Ledger, userId: string, cause: Cause, rules: Rules): void {
  const entry = accountOf(ledger, userId);
  const asOf = entry.newestStripeTime ?? cause.at;
  const now = policyClock(asOf, rules.now);
  const { catalogue, graceDays } = rules;
  const circumstances = { catalogue, graceDays, evidence: evidenceOf(ledger, userId), now, asOf, at: cause.at };
  const { account, domainEvents } = reconsiderAccount(entry.account, subscriptionsOf(ledger, userId), circumstances);
  if (domainEvents.length > 0) saveAccount(ledger, { ...entry, account });
  announce(ledger, userId, cause, domainEvents);
  tellReturns(ledger, userId, cause);
  tellDuplicates(ledger, userId, cause);
}

/** One cause may tell of several payments: each gets an id of its own. */
function tellReturns(ledger: Ledger, userId: string, cause: Cause): void {
  const tidings = returnsToTell(userId, evidenceOf(ledger, userId), (about) => toldOf(ledger, about));
  for (const { about, state, event } of tidings) {
    markTold(ledger, about, state);
    const effect = [...(cause.effect === undefined ? [] : [cause.effect]), about.id, state].join('/');
    announce(ledger, userId, { ...cause, effect }, [event]);
  }
}

/** Once for each that comes to them, however many events tell of them. */
function tellDuplicates(ledger: Ledger, userId: string, cause: Cause): void {
  const entry = accountOf(ledger, userId);
  const duplicates = duplicatesAmong(subscriptionsOf(ledger, userId));
  if (duplicates.every(({ subscriptionId }) => entry.duplicatesTold.includes(subscriptionId))) return;
  saveAccount(ledger, { ...entry, duplicatesTold: duplicates.map(({ subscriptionId }) => subscriptionId) });
  const subscriptions = duplicates.map(({ subscriptionId: id, customerId: customer_id, status, tier }) => {
    return { id, customer_id, status, tier };
  });
  const data = { user_id: userId, subscriptions };
  announce(ledger, userId, cause, [{ type: 'billing.duplicate_subscription.found', data }]);
}
