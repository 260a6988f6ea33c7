import { defaultGraceDays, planCatalogue, unopenedAccount } from '@billhook/billing';
import { started } from '@billhook/testing';
import { expect, test } from '@jest/globals';
import { CustomerStory } from '../customer-story.spec-support.js';
import { fromStripe } from '../messages.spec-support.js';
import { thinEvent } from '../thin-event.spec-support.js';
import { toIntake } from './intake.js';
import type { Intake } from './intake.js';
import { noChanges } from './ledger.js';
import type { Ledger, Rules } from './ledger.js';
import { noObjects } from './objects.js';
import { settleAll } from './settle.js';

const catalogue = planCatalogue({
  pro: { monthly: ['price_pro_monthly'], yearly: ['price_pro_yearly'] },
  elite: { monthly: ['price_elite_monthly'], yearly: ['price_elite_yearly'] },
});
const rules: Rules = { catalogue, graceDays: defaultGraceDays, now: new Date(started * 1000) };
const story = new CustomerStory('pair');
const unreadable = story.event('customer.subscription.created', { ...story.subscription(), items: null }, 0);
const readable = story.created();

const intakeOf = (event: Parameters<typeof fromStripe>[0]): Intake =>
  toIntake({ ...fromStripe(event), redelivered: false });
const thinBeside = ({ id: snapshot }: { id: string }): Intake =>
  toIntake({ ...thinEvent(story, { id: 'evt_pair_thin', snapshot }), redelivered: false });

/** As a batch with these events finds it: the inbox counts all of them as taken until it hears otherwise. */
function ledgerWith(intakes: readonly Intake[]): Ledger {
  const account = unopenedAccount(story.userId, catalogue, new Date(0));
  return {
    users: new Map([[story.customerId, story.userId]]),
    taken: new Set(intakes.map(({ id }) => id)),
    learned: new Set(),
    accounts: new Map([[story.userId, { account, newestStripeTime: null, duplicatesTold: [] }]]),
    subscriptions: new Map(),
    byUser: new Map(),
    payments: new Set(),
    objects: noObjects(),
    changes: noChanges(),
  };
}

function settled(intakes: readonly Intake[]): { told: string[]; asked: string[] } {
  const ledger = ledgerWith(intakes);
  const outcomes = settleAll(ledger, intakes, rules);
  const told = outcomes.map((outcome) => ('reason' in outcome ? `${outcome.kind} ${outcome.reason}` : outcome.kind));
  return { told, asked: [...ledger.changes.fetches.keys()] };
}

test('a thin event has Stripe asked though its snapshot came in the same batch, where that one could not be read', () => {
  const [snapshot, thin] = [intakeOf(unreadable), thinBeside(unreadable)];
  const [parked, asked] = ['parked unreadable: data.object.items', 'ignored fetching: thin_event'];
  expect(settled([snapshot, thin])).toEqual({ told: [parked, asked], asked: [story.subscriptionId] });
  expect(settled([thin, snapshot])).toEqual({ told: [asked, parked], asked: [story.subscriptionId] });
});

test('a thin event is no news beside a snapshot that tells the same, whichever comes first', () => {
  const [snapshot, thin] = [intakeOf(readable), thinBeside(readable)];
  expect(settled([snapshot, thin])).toEqual({ told: ['applied', 'ignored snapshot_already_seen'], asked: [] });
  expect(settled([thin, snapshot])).toEqual({ told: ['ignored snapshot_already_seen', 'applied'], asked: [] });
});
