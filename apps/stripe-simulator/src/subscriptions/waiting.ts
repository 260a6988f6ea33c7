import type Stripe from 'stripe';
import { settleSession } from '../checkout/async-payment.js';
import { settleDebit } from '../invoices/collect.js';
import { finishPhase } from '../schedules/advance.js';
import { scheduleOf } from '../schedules/close.js';
import type { World } from '../world/world.js';
import { applyVerdict, payInvoice } from './bill.js';
import { expireIncomplete, finishPeriod } from './renew.js';
import { saveSubscription } from './lifecycle.js';
import { currentPeriodEnd, isLive } from './subscription.js';
import { expireAwaited } from './pending-update.js';

const hour = 3600;
const day = 24 * hour;

/** Stripe gives 23 hours to pay what a subscription needs in order to begin, to change or to go on. */
export const graceToPay = 23 * hour;

export interface Due {
  at: number;
  perform: () => void;
}

/** What a subscription waits for next, if it waits for anything: of several at the same second, the first named here. */
export function nextOf(world: World, subscription: Stripe.Subscription): Due | null {
  if (!isLive(subscription)) return firstOf(debitsOf(world, subscription));
  return firstOf([
    ...debitsOf(world, subscription),
    ...ownTimes(world, subscription),
    ...retriesOf(world, subscription),
  ]);
}

function firstOf(dues: Due[]): Due | null {
  return dues.reduce<Due | null>((first, due) => (first === null || due.at < first.at ? due : first), null);
}

function debitsOf(world: World, { id }: Stripe.Subscription): Due[] {
  return world.unpaidInvoices(id).flatMap((invoice) => {
    const debit = world.debits.get(invoice.id);
    if (debit === undefined) return [];
    const perform = () => completeDebit(world, invoice, debit.willSucceed);
    return [{ at: debit.settlesAt, perform }];
  });
}

function completeDebit(world: World, invoice: Stripe.Invoice, willSucceed: boolean): void {
  const verdict = settleDebit(world, invoice, willSucceed);
  applyVerdict(world, invoice, { verdict, isDebit: true });
  settleSession(world, invoice.id, verdict.kind === 'paid');
}

function retriesOf(world: World, { id }: Stripe.Subscription): Due[] {
  return world.unpaidInvoices(id).flatMap((invoice) => {
    const at = invoice.next_payment_attempt;
    return at === null ? [] : [{ at, perform: () => void payInvoice(world, invoice) }];
  });
}

function ownTimes(world: World, subscription: Stripe.Subscription): Due[] {
  const { pending_update: pending, pause_collection: pause } = subscription;
  const times: [at: number | null | undefined, perform: () => void][] = [
    [pending?.expires_at, () => expireAwaited(world, subscription)],
    [pause?.resumes_at, () => void saveSubscription(world, { ...subscription, pause_collection: null })],
    // Before the end of the period it coincides with: the renewal is to have the new phase's price.
    phaseEnd(world, subscription),
    ...timesOfStatus(world, subscription),
  ];
  return times.flatMap(([at, perform]) => (at === null || at === undefined ? [] : [{ at, perform }]));
}

function phaseEnd(world: World, subscription: Stripe.Subscription): [number | null, () => void] {
  const schedule = subscription.status === 'paused' ? null : scheduleOf(world, subscription);
  const at = schedule?.current_phase?.end_date ?? null;
  return [at, () => schedule && finishPhase(world, schedule)];
}

function timesOfStatus(world: World, subscription: Stripe.Subscription): [number | null, () => void][] {
  const { created, cancel_at: cancelAt } = subscription;
  const finish = () => finishPeriod(world, subscription);
  const nextStep = Math.min(cancelAt ?? Infinity, currentPeriodEnd(subscription));
  switch (subscription.status) {
    case 'incomplete':
      return [[created + graceToPay, () => expireIncomplete(world, subscription)]];
    case 'paused':
      return [
        [resumptionEnd(world, subscription), () => expireAwaited(world, subscription)],
        [cancelAt, finish],
      ];
    case 'trialing':
      return [
        [announcementTime(world, subscription), () => announceTrialEnd(world, subscription)],
        [nextStep, finish],
      ];
    default:
      return [[nextStep, finish]];
  }
}

/** Three days before a trial ends, or as soon as it begins if it is shorter than that. */
function announcementTime(world: World, subscription: Stripe.Subscription): number | null {
  const { trial_end: end, trial_start: start } = subscription;
  if (end === null || world.announcedTrials.has(announcement(subscription))) return null;
  return Math.max(end - 3 * day, start ?? 0);
}

const announcement = ({ id, trial_end }: Stripe.Subscription) => `${id}/${trial_end}`;

function announceTrialEnd(world: World, subscription: Stripe.Subscription): void {
  world.announcedTrials.add(announcement(subscription));
  world.emit('customer.subscription.trial_will_end', subscription);
}

function resumptionEnd(world: World, { id }: Stripe.Subscription): number | null {
  if (world.awaitingPayment.get(id)?.kind !== 'resumption') return null;
  const [invoice] = world.unpaidInvoices(id).toReversed();
  return invoice ? invoice.created + graceToPay : null;
}
