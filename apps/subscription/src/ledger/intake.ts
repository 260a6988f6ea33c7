import { customerOf, objectsOf, toStripeFact } from '@billhook/billing';
import type { StripeFact, StripeObject } from '@billhook/billing';
import { parseDomainEvent } from '@billhook/contracts';
import type { Delivery } from '@billhook/messaging';

/** What an event means to this service. */
export type Meaning =
  | Exclude<StripeFact, { kind: 'irrelevant' }>
  | { kind: 'account_opened'; userId: string }
  | { kind: 'customer_linked'; userId: string; customerId: string }
  | { kind: 'erasure'; userId: string; requestId: string }
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
  /** The objects to keep that it tells of. */
  objects: readonly StripeObject[];
}

export function toIntake(delivery: Delivery): Intake {
  const { id, time, type } = delivery.attributes;
  const at = new Date(time);
  const read = type.startsWith('stripe.') ? readStripe(delivery, at) : readBilling(delivery);
  return { delivery, id, at, objects: [], ...read };
}

type Read = Pick<Intake, 'customerId' | 'userId' | 'meaning'> & Partial<Pick<Intake, 'objects'>>;

function readStripe(delivery: Delivery, at: Date): Read {
  const body = toJson(delivery.body);
  if (!body.ok) return about(null, null, { kind: 'unreadable', reason: 'unreadable: not JSON' });
  const named = customerOf(body.value);
  const fact = toStripeFact(body.value);
  if (!fact.ok) return about(named, null, { kind: 'unreadable', reason: `unreadable: ${fact.path}` });
  const { value } = fact;
  const customerId = ('customerId' in value ? value.customerId : null) ?? named;
  const userId = 'userId' in value ? value.userId : null;
  return { ...about(customerId, userId, meaningOf(value)), objects: objectsOf(value, at) };
}

/** A customer is of interest as far as it says whose it is. */
function meaningOf(fact: StripeFact): Meaning {
  if (fact.kind === 'irrelevant' || (fact.kind === 'customer' && fact.userId === null)) return { kind: 'not_relevant' };
  return fact;
}

function readBilling({ attributes, body }: Delivery): Read {
  if (attributes.type === 'billing.account.opened') {
    const opened = parseDomainEvent(attributes.type, body.toString());
    if (!opened.ok) return about(null, null, { kind: 'unreadable', reason: opened.reason });
    const userId = opened.data.user_id;
    return about(null, userId, { kind: 'account_opened', userId });
  }
  if (attributes.type === 'billing.customer.linked' || attributes.type === 'billing.customer.relinked') {
    const linked = parseDomainEvent(attributes.type, body.toString());
    if (!linked.ok) return about(null, null, { kind: 'unreadable', reason: linked.reason });
    const { user_id: userId, customer_id: customerId } = linked.data;
    return about(customerId, userId, { kind: 'customer_linked', userId, customerId });
  }
  if (attributes.type === 'billing.account.erasure_requested') {
    const requested = parseDomainEvent(attributes.type, body.toString());
    if (!requested.ok) return about(null, null, { kind: 'unreadable', reason: requested.reason });
    const { user_id: userId, request_id: requestId } = requested.data;
    return about(null, userId, { kind: 'erasure', userId, requestId });
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
