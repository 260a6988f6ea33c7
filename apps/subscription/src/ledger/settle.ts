import { decide, openAccount } from '@billhook/billing';
import type { Decision, SubscriptionEvent } from '@billhook/billing';
import type { DomainEvent } from '@billhook/contracts';
import type { Outcome } from '@billhook/messaging';
import type { Intake, Meaning } from './intake.js';
import {
  accountOf,
  announce,
  askForPull,
  askStripe,
  paymentKey,
  saveAccount,
  savePayment,
  saveSubscription,
} from './ledger.js';
import type { Cause, Ledger, Payment, PullRequest, Rules } from './ledger.js';
import { keepObjects } from './objects.js';
import { toPayment, toPaymentEvent } from './payment.js';
import { reconsider } from './reconsider.js';
import { noteStripeTime } from './stripe-time.js';

const applied: Outcome = { kind: 'applied' };
const ignored = (reason: string): Outcome => ({ kind: 'ignored', reason });

/**
 * A batch's events in their order, but thin ones last: only then is it known which of the snapshots beside them were parked and
 * have told nothing. One outcome each, in the order of the events.
 */
export function settleAll(ledger: Ledger, intakes: readonly Intake[], rules: Rules): Outcome[] {
  const outcomes = new Map<Intake, Outcome>();
  const [snapshots, hints] = [intakes.filter((intake) => !isHint(intake)), intakes.filter(isHint)];
  for (const intake of snapshots) outcomes.set(intake, settle(ledger, intake, rules));
  const parked = new Set(snapshots.filter((intake) => outcomes.get(intake)?.kind === 'parked').map(({ id }) => id));
  const taken = new Set([...ledger.taken].filter((id) => !parked.has(id)));
  for (const intake of hints) outcomes.set(intake, settle({ ...ledger, taken }, intake, rules));
  return intakes.map((intake) => outcomes.get(intake) ?? applied);
}

const isHint = ({ meaning }: Intake): boolean => meaning.kind === 'subscription_hint';

/** Applies one event to the ledger and says what became of it: the table of what this service does. */
export function settle(ledger: Ledger, intake: Intake, rules: Rules): Outcome {
  const { meaning } = intake;
  const { attributes, replayId } = intake.delivery;
  const cause: Cause = { id: intake.id, effect: replayId, at: intake.at, requestId: attributes.requestid };
  const isNews = keepObjects(ledger, intake.objects);
  switch (meaning.kind) {
    case 'account_opened':
      return settleOpened(ledger, meaning.userId, cause);
    case 'customer_linked':
      return settleLinked(ledger, meaning, cause, rules);
    case 'subscription':
    case 'payment':
    case 'action_required':
    case 'checkout':
    case 'checkout_settled':
    case 'customer':
      return settleForUser(ledger, meaning, cause, rules);
    case 'invoice_closed':
    case 'invoice_payment':
    case 'charge_refunded':
    case 'refund':
    case 'dispute':
    case 'schedule':
    case 'customer_deleted':
      reconsiderOwner(ledger, intake, cause, rules);
      return isNews ? applied : ignored('newer_state_known');
    case 'subscription_hint':
      return settleHint(ledger, meaning, cause);
    case 'erasure':
      ledger.changes.erasures.push({ userId: meaning.userId, requestId: meaning.requestId, causeId: cause.id });
      return applied;
    case 'pull':
      return settlePull(ledger, meaning.wanted, cause);
    case 'events_not_made':
      return settlePull(ledger, { kind: 'everything', id: 'subscriptions' }, cause);
    case 'hint':
      return ignored('thin_event');
    case 'not_relevant':
      return ignored('not_relevant');
    case 'unreadable':
      return { kind: 'parked', reason: meaning.reason };
    default:
      return meaning satisfies never;
  }
}

/** Applies one snapshot of a subscription, announced or fetched. */
export function settleSubscription(
  ledger: Ledger,
  subject: { userId: string; event: SubscriptionEvent },
  cause: Cause,
  rules: Rules,
): Decision {
  const { userId, event } = subject;
  noteStripeTime(ledger, userId, event.at);
  const current = ledger.subscriptions.get(event.snapshot.subscriptionId) ?? null;
  const decision = decide(current, event, { userId, catalogue: rules.catalogue });
  if ((decision.kind === 'applied' || decision.kind === 'ignored') && decision.row)
    saveSubscription(ledger, decision.row);
  if (decision.kind === 'applied') announce(ledger, userId, cause, decision.domainEvents);
  reconsider(ledger, userId, cause, rules);
  return decision;
}

type OfCustomer = Extract<
  Meaning,
  { kind: 'subscription' | 'payment' | 'action_required' | 'checkout' | 'checkout_settled' | 'customer' }
>;

function settleForUser(ledger: Ledger, meaning: OfCustomer, cause: Cause, rules: Rules): Outcome {
  const { customerId } = meaning;
  if (customerId === null) return ignored('checkout_without_customer');
  const userId = ledger.users.get(customerId);
  if (userId === undefined) return { kind: 'parked', reason: 'unknown_customer', key: customerId };
  noteStripeTime(ledger, userId, cause.at);
  switch (meaning.kind) {
    case 'subscription':
      return settleAnnounced(ledger, { userId, event: meaning.event }, cause, rules);
    case 'payment':
      return settlePayment(ledger, toPayment(meaning.invoice, meaning.outcome, userId, cause), cause, rules);
    case 'action_required':
      return settlePayment(ledger, toPayment(meaning.invoice, 'action_required', userId, cause), cause, rules);
    case 'checkout_settled':
      announce(ledger, userId, cause, [toSettledEvent(meaning, { userId, customerId })]);
      reconsider(ledger, userId, cause, rules);
      return applied;
    case 'checkout':
    case 'customer':
      if (!ledger.learned.has(customerId)) return ignored('customer_already_known');
      reconsider(ledger, userId, cause, rules);
      return applied;
    default:
      return meaning satisfies never;
  }
}

function settleOpened(ledger: Ledger, userId: string, cause: Cause): Outcome {
  const entry = accountOf(ledger, userId);
  const { account, domainEvents } = openAccount(entry.account);
  if (domainEvents.length === 0) return ignored('account_already_open');
  saveAccount(ledger, { ...entry, account });
  announce(ledger, userId, cause, domainEvents);
  return applied;
}

/** The link itself was learned before the batch's events: a contradiction is found here, and what was known without it counts now. */
function settleLinked(
  ledger: Ledger,
  { customerId, userId }: { customerId: string; userId: string },
  cause: Cause,
  rules: Rules,
): Outcome {
  if (ledger.users.get(customerId) !== userId) return { kind: 'parked', reason: 'customer_of_another_user' };
  if (ledger.learned.has(customerId)) reconsider(ledger, userId, cause, rules);
  return applied;
}

/** What is nobody's yet is kept until a link leads from it to a customer. */
function reconsiderOwner(ledger: Ledger, { customerId }: Intake, cause: Cause, rules: Rules): void {
  const userId = customerId === null ? undefined : ledger.users.get(customerId);
  if (userId === undefined) return;
  noteStripeTime(ledger, userId, cause.at);
  reconsider(ledger, userId, cause, rules);
}

function settleAnnounced(
  ledger: Ledger,
  subject: { userId: string; event: SubscriptionEvent },
  cause: Cause,
  rules: Rules,
): Outcome {
  const decision = settleSubscription(ledger, subject, cause, rules);
  switch (decision.kind) {
    case 'applied':
      return applied;
    case 'ignored':
      return ignored(decision.reason);
    case 'needsFetch': {
      const { subscriptionId, customerId } = subject.event.snapshot;
      askStripe(ledger, { subscriptionId, customerId, reason: decision.reason, causeId: cause.id, at: cause.at });
      return ignored(`fetching: ${decision.reason}`);
    }
    case 'parked':
      return { kind: 'parked', reason: decision.reason };
    default:
      return decision satisfies never;
  }
}

/** A thin event has no state to apply: Stripe is asked, unless the snapshot that was sent beside it has told already. */
function settleHint(
  ledger: Ledger,
  { subscriptionId, snapshotEventId }: Extract<Meaning, { kind: 'subscription_hint' }>,
  cause: Cause,
): Outcome {
  if (snapshotEventId !== null && ledger.taken.has(snapshotEventId)) return ignored('snapshot_already_seen');
  const reason = 'thin_event';
  const at = new Date(Math.floor(cause.at.getTime() / 1000) * 1000);
  askStripe(ledger, { subscriptionId, customerId: null, reason, causeId: cause.id, at });
  return ignored(`fetching: ${reason}`);
}

/** Somebody wants to know now what an event will tell, or should have told. No clock of ours says how old the answer may be. */
function settlePull(
  ledger: Ledger,
  { kind, id }: Extract<Meaning, { kind: 'pull' }>['wanted'] | Pick<PullRequest, 'kind' | 'id'>,
  { id: causeId }: Cause,
): Outcome {
  const reason = 'pull';
  if (kind === 'subscription')
    askStripe(ledger, { subscriptionId: id, customerId: null, reason, causeId, at: new Date(0) });
  else askForPull(ledger, { kind, id, causeId });
  return ignored(`fetching: ${reason}`);
}

function settlePayment(ledger: Ledger, payment: Payment, cause: Cause, rules: Rules): Outcome {
  const isRecorded = ledger.payments.has(paymentKey(payment));
  if (!isRecorded) {
    savePayment(ledger, payment);
    announce(ledger, payment.userId, cause, [toPaymentEvent(payment)]);
  }
  reconsider(ledger, payment.userId, cause, rules);
  return isRecorded ? ignored('payment_already_recorded') : applied;
}

function toSettledEvent(
  { outcome, session }: Extract<Meaning, { kind: 'checkout_settled' }>,
  { userId, customerId }: { userId: string; customerId: string },
): DomainEvent {
  const { sessionId: session_id, subscriptionId: subscription_id } = session;
  const data = { user_id: userId, customer_id: customerId, session_id, subscription_id, outcome };
  return { type: 'billing.checkout.settled', data };
}
