import { customerOf, toStripeFact } from '@billhook/billing';
import type { StripeFact } from '@billhook/billing';
import { parseDomainEvent } from '@billhook/contracts';
import type { Delivery } from '@billhook/messaging';

/** Facts that this service does not use yet. */
type UnusedFact = Extract<
  StripeFact,
  {
    kind:
      | 'charge_refunded'
      | 'checkout_settled'
      | 'customer'
      | 'dispute'
      | 'invoice_payment'
      | 'irrelevant'
      | 'refund'
      | 'schedule';
  }
>;

/** What an event means to this service. */
export type Meaning =
  | Exclude<StripeFact, UnusedFact>
  | { kind: 'account_opened'; userId: string }
  | { kind: 'customer_linked'; userId: string; customerId: string }
  | { kind: 'pull'; wanted: { kind: 'subscription' | 'session' | 'user'; id: string } }
  | { kind: 'not_relevant' }
  | { kind: 'unreadable'; reason: string };

/** A delivery, read once: the rest of its way works with this. */
export interface Intake {
  delivery: Delivery;
  id: string;
  /** When it happened. */
  at: Date;
  /** Whom it is about, as far as it says so itself. */
  customerId: string | null;
  userId: string | null;
  meaning: Meaning;
}

export function toIntake(delivery: Delivery): Intake {
  const { id, time, type } = delivery.attributes;
  const read = type.startsWith('stripe.') ? readStripe(delivery) : readBilling(delivery);
  return { delivery, id, at: new Date(time), ...read };
}

type Read = Pick<Intake, 'customerId' | 'userId' | 'meaning'>;

function readStripe(delivery: Delivery): Read {
  const body = toJson(delivery.body);
  if (!body.ok) return about(null, null, { kind: 'unreadable', reason: 'unreadable: not JSON' });
  const customerId = customerOf(body.value);
  const fact = toStripeFact(body.value);
  if (!fact.ok) return about(customerId, null, { kind: 'unreadable', reason: `unreadable: ${fact.path}` });
  switch (fact.value.kind) {
    case 'charge_refunded':
    case 'checkout_settled':
    case 'customer':
    case 'dispute':
    case 'invoice_payment':
    case 'irrelevant':
    case 'refund':
    case 'schedule':
      return about(customerId, null, { kind: 'not_relevant' });
    case 'customer_deleted':
    case 'subscription_hint':
    case 'hint':
      return about(customerId, null, fact.value);
    case 'subscription':
    case 'payment':
    case 'action_required':
    case 'checkout':
      return about(customerId, fact.value.userId, fact.value);
    default:
      return fact.value satisfies never;
  }
}

function readBilling({ attributes, body }: Delivery): Read {
  if (attributes.type === 'billing.account.opened') {
    const opened = parseDomainEvent(attributes.type, body.toString());
    if (!opened.ok) return about(null, null, { kind: 'unreadable', reason: opened.reason });
    const userId = opened.data.user_id;
    return about(null, userId, { kind: 'account_opened', userId });
  }
  if (attributes.type === 'billing.customer.linked') {
    const linked = parseDomainEvent(attributes.type, body.toString());
    if (!linked.ok) return about(null, null, { kind: 'unreadable', reason: linked.reason });
    const { user_id: userId, customer_id: customerId } = linked.data;
    return about(customerId, userId, { kind: 'customer_linked', userId, customerId });
  }
  if (attributes.type === 'billing.reconcile.requested') return readPull(body.toString());
  return about(null, null, { kind: 'not_relevant' });
}

/** The narrowest of what it names: a session leads to its subscription, which is one of the user's. */
function readPull(body: string): Read {
  const requested = parseDomainEvent('billing.reconcile.requested', body);
  if (!requested.ok) return about(null, null, { kind: 'unreadable', reason: requested.reason });
  const { subscription_id: subscription, session_id: session, user_id: user } = requested.data;
  const named = [
    { kind: 'subscription', id: subscription },
    { kind: 'session', id: session },
    { kind: 'user', id: user },
  ] as const;
  const [wanted] = named.flatMap(({ kind, id }) => (id === undefined ? [] : [{ kind, id }]));
  if (wanted === undefined) return about(null, null, { kind: 'unreadable', reason: 'unreadable: names nothing' });
  return about(null, user ?? null, { kind: 'pull', wanted });
}

function about(customerId: string | null, userId: string | null, meaning: Meaning): Read {
  return { customerId, userId, meaning };
}

function toJson(body: Buffer): { ok: true; value: unknown } | { ok: false } {
  try {
    return { ok: true, value: JSON.parse(body.toString()) };
  } catch {
    return { ok: false };
  }
}
