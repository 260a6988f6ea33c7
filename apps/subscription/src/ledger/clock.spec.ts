import { defaultGraceDays, planCatalogue, unopenedAccount } from '@billhook/billing';
import { started } from '@billhook/testing';
import { describe, expect, test } from '@jest/globals';
import { CustomerStory } from '../customer-story.spec-support.js';
import { fromStripe } from '../messages.spec-support.js';
import { toIntake } from './intake.js';
import { noChanges } from './ledger.js';
import type { Ledger, Rules } from './ledger.js';
import { noObjects } from './objects.js';
import { settle } from './settle.js';

const catalogue = planCatalogue({
  pro: { monthly: ['price_pro_monthly'], yearly: ['price_pro_yearly'] },
  elite: { monthly: ['price_elite_monthly'], yearly: ['price_elite_yearly'] },
});
const minutes = 60_000;

/** The rows and the account that a history leaves, with the wall clock as it is told. */
function endOf(story: CustomerStory, clock: (turn: number) => number) {
  const elite = story.onPrice('price_elite_monthly');
  const history = [
    story.created(),
    story.updated(10, elite, { items: story.subscription().items }),
    story.updated(10, story.onPrice('price_elite_monthly', { cancel_at_period_end: true }), {
      cancel_at_period_end: false,
    }),
    story.invoice('paid'),
  ];
  const ledger: Ledger = {
    users: new Map([[story.customerId, story.userId]]),
    taken: new Set(),
    learned: new Set(),
    accounts: new Map(),
    subscriptions: new Map(),
    byUser: new Map(),
    payments: new Set(),
    objects: noObjects(),
    changes: noChanges(),
  };
  const opened = unopenedAccount(story.userId, catalogue, new Date(0));
  ledger.accounts.set(story.userId, { account: opened, newestStripeTime: null, duplicatesTold: [] });
  history.forEach((event, turn) => {
    const rules: Rules = { catalogue, graceDays: defaultGraceDays, now: new Date(started * 1000 + clock(turn)) };
    settle(ledger, toIntake({ ...fromStripe(event), redelivered: false }), rules);
  });
  return { rows: [...ledger.subscriptions.values()], accounts: [...ledger.accounts.values()] };
}

describe('F49: our own clock', () => {
  test.each<[string, (turn: number) => number]>([
    ['ten minutes ahead', () => 10 * minutes],
    ['ten minutes behind', () => -10 * minutes],
    ['that steps back in between', (turn) => (2 - turn) * 10 * minutes],
  ])('%s orders nothing: rows and account end the same', (_what, clock) => {
    const right = endOf(new CustomerStory('clock'), () => 0);
    expect(right.accounts).toMatchObject([{ account: { tier: 2, subscription: { cancel_at_period_end: true } } }]);
    expect(endOf(new CustomerStory('clock'), clock)).toEqual(right);
  });
});
