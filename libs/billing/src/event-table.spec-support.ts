import { readFileSync } from 'node:fs';
import { decisionOn, nothingKnown, take, tierOf } from './billing-state.spec-support.js';
import type { BillingState, Taken } from './billing-state.spec-support.js';
import { day } from './rows.spec-support.js';
import { toStripeFact } from './stripe-event.js';
import { tierWord } from './tier-word.spec-support.js';

/** An event of the fixtures, or one that differs from it in type, object or time. */
interface Told {
  fixture: string;
  type?: string;
  object?: object;
  at?: Date;
}

interface EventRow {
  event: Told;
  tells: string;
  /** What usually comes before it. */
  after: readonly Told[];
}

const same = (fixture: string): Told => ({ fixture });
const incomplete = same('subscription_created_incomplete');
const onPlan = same('subscription_on_a_plan');
const bought = [same('invoice_paid'), same('invoice_payment_paid'), onPlan];
const trialing = same('subscription_trialing');
const paused = same('subscription_paused');
const changeWaits = same('subscription_pending_update');
const unpaid = same('invoice_payment_failed');
const refunded = same('charge_refunded');
const disputed = same('dispute_created');

const customers: EventRow[] = [
  { event: same('customer_created'), tells: 'whose the customer is', after: [] },
  { event: { fixture: 'customer_created', type: 'customer.updated' }, tells: 'whose the customer is', after: [] },
  { event: same('customer_deleted'), tells: 'the customer is gone', after: bought },
];

const checkouts: EventRow[] = [
  { event: same('checkout_completed'), tells: 'whose the customer is', after: [] },
  { event: same('checkout_async_payment_failed'), tells: 'a debit has failed', after: [incomplete] },
  settled('async_payment_succeeded', 'a debit has arrived', { payment_status: 'paid' }),
  settled('expired', 'nobody has paid in time', { status: 'expired', payment_status: 'unpaid', subscription: null }),
];

const subscriptions: EventRow[] = [
  { event: incomplete, tells: '`incomplete`', after: [] },
  { event: trialing, tells: '`trialing`', after: [] },
  { event: onPlan, tells: '`active`', after: [incomplete] },
  { event: same('subscription_updated'), tells: 'another plan', after: bought },
  { event: changeWaits, tells: 'a change of plan that is not paid', after: bought },
  { event: same('subscription_collection_paused'), tells: 'collection is paused, `void`', after: bought },
  { event: same('subscription_cancel_scheduled'), tells: 'an end to come', after: bought },
  { event: same('subscription_trial_will_end'), tells: 'the trial ends in three days', after: [trialing] },
  { event: paused, tells: '`paused`', after: [trialing] },
  {
    event: { fixture: 'subscription_on_a_plan', type: 'customer.subscription.resumed', at: day(15) },
    tells: '`active`',
    after: [trialing, paused],
  },
  {
    event: { fixture: 'subscription_updated', type: 'customer.subscription.pending_update_applied' },
    tells: 'the change of plan is paid',
    after: [...bought, changeWaits],
  },
  {
    event: { fixture: 'subscription_on_a_plan', type: 'customer.subscription.pending_update_expired', at: day(8) },
    tells: 'the change of plan is dropped',
    after: [...bought, changeWaits],
  },
  { event: same('subscription_deleted'), tells: '`canceled`', after: bought },
];

const invoices: EventRow[] = [
  { event: same('invoice_paid'), tells: 'a period is paid', after: [onPlan] },
  {
    event: { fixture: 'invoice_paid', type: 'invoice.payment_succeeded' },
    tells: 'a period is paid',
    after: [onPlan],
  },
  { event: same('invoice_payment_paid'), tells: 'by which payment', after: [onPlan] },
  { event: unpaid, tells: 'a try to take the money failed', after: bought },
  { event: same('invoice_payment_action_required'), tells: 'the bank wants a confirmation', after: bought },
  { event: same('invoice_marked_uncollectible'), tells: 'nobody is asked to pay any more', after: [...bought, unpaid] },
  { event: same('invoice_voided'), tells: 'nobody is asked to pay any more', after: [...bought, unpaid] },
];

const returns: EventRow[] = [
  { event: refunded, tells: 'all of it went back', after: bought },
  { event: refund('refund.created', 'pending'), tells: 'all of it goes back', after: bought },
  { event: refund('refund.updated', 'succeeded'), tells: 'it went back', after: [...bought, refunded] },
  { event: same('refund_failed'), tells: 'it did not go back', after: [...bought, refunded] },
  { event: refund('charge.refund.updated', 'failed'), tells: 'it did not go back', after: [...bought, refunded] },
  { event: disputed, tells: '`needs_response`', after: bought },
  { event: dispute('updated', 'under_review'), tells: '`under_review`', after: [...bought, disputed] },
  { event: dispute('funds_withdrawn', 'needs_response'), tells: '`needs_response`', after: [...bought, disputed] },
  { event: same('dispute_closed'), tells: '`won`', after: [...bought, disputed] },
  { event: dispute('closed', 'lost'), tells: '`lost`', after: [...bought, disputed] },
  { event: dispute('funds_reinstated', 'won'), tells: '`won`', after: [...bought, disputed] },
];

const schedules: EventRow[] = [
  { event: schedule('created', 'active'), tells: 'a plan to come', after: bought },
  { event: same('schedule_updated'), tells: 'a plan to come', after: bought },
  { event: schedule('expiring', 'active'), tells: 'its last phase ends in a week', after: bought },
  ...['released', 'completed', 'canceled', 'aborted'].map((what) => {
    const status = what === 'aborted' ? 'canceled' : what;
    return { event: schedule(what, status), tells: 'no plan to come', after: bought };
  }),
];

const rows = [...customers, ...checkouts, ...subscriptions, ...invoices, ...returns, ...schedules];

function settled(what: string, tells: string, object: object): EventRow {
  const event = { fixture: 'checkout_async_payment_failed', type: `checkout.session.${what}`, object };
  return { event, tells, after: [incomplete] };
}

function refund(type: string, status: string): Told {
  return { fixture: 'refund_failed', type, object: { status } };
}

function dispute(what: string, status: string): Told {
  return { fixture: 'dispute_created', type: `charge.dispute.${what}`, object: { status }, at: day(13) };
}

function schedule(what: string, status: string): Told {
  return { fixture: 'schedule_updated', type: `subscription_schedule.${what}`, object: { status }, at: day(2) };
}

/** By the policy's clock right after the event. */
export function eventTable(): string {
  const lines = rows.map(({ event, tells, after }) => {
    const before = after.map(taken).reduce(takeWithoutFetch, nothingKnown);
    const then = takeWithoutFetch(before, taken(event));
    const reasons = decisionOn(then).reasons.map(({ code }) => `\`${code}\``);
    return `| \`${typeOf(event)}\` | ${tells} | ${tierWord(tierOf(before))} | ${tierWord(tierOf(then))} | ${reasons.join(', ')} |`;
  });
  const head = ['| event | what it tells | tier before | tier after | reasons |', '| --- | --- | --- | --- | --- |'];
  return [...head, ...lines].join('\n');
}

/** The types of event that the table has a row for. */
export function tabledTypes(): ReadonlySet<string> {
  return new Set(rows.map(({ event }) => typeOf(event)));
}

function takeWithoutFetch(state: BillingState, event: Taken): BillingState {
  return take(state, event, () => null);
}

function typeOf({ fixture, type }: Told): string {
  return type ?? fixtureOf(fixture).type;
}

function taken(told: Told): Taken {
  const { created, data, ...envelope } = fixtureOf(told.fixture);
  const second = told.at === undefined ? created : told.at.getTime() / 1000;
  const object = { ...data.object, ...told.object };
  const fact = toStripeFact({ ...envelope, type: typeOf(told), created: second, data: { ...data, object } });
  if (!fact.ok) throw new Error(`${told.fixture}: cannot read ${fact.path}`);
  return { fact: fact.value, at: new Date(second * 1000) };
}

function fixtureOf(name: string): Fixture {
  const event = endive.events[name];
  if (event === undefined) throw new Error(`no fixture ${name}`);
  return event;
}

interface Fixture {
  type: string;
  created: number;
  data: { object: object };
}

const file = new URL('./fixtures/2026-10-28.endive.json', import.meta.url);
const endive: { events: Record<string, Fixture> } = JSON.parse(readFileSync(file, 'utf8'));
