import { attributesSchema, domainEvents, samples } from '@billhook/contracts';
import type { DomainEventType, EventAttributes, EventData } from '@billhook/contracts';
import type { OutgoingEvent } from '@billhook/messaging';
import { aCheckoutSession, anInvoice, aStripeEvent, aSubscription } from '@billhook/testing';

/** So many entries a user has, on the average. */
const entriesPerUser = 50;
/** One user in so many is busy, and has a fifth of all stories. */
const oneBusyIn = 50;
/** So few that the name of each stands in many entries: words that are looked for. */
const operators = Array.from({ length: 20 }, (_, index) => `operator${index}`);

export interface Feed {
  /** Part of every id: no other feed has it. */
  run: string;
  users: number;
}

/** Of a trail of `entries`: with so many users that each has the average. */
export function feedFor(run: string, entries: number): Feed {
  return { run, users: Math.max(oneBusyIn, Math.ceil(entries / entriesPerUser)) };
}

export const userOf = (user: number): string => `user_${String(user).padStart(6, '0')}`;
export const customerOf = (user: number): string => `cus_${String(user).padStart(6, '0')}`;
export const subscriptionOf = (user: number): string => `sub_${String(user).padStart(6, '0')}`;
/** Of the range that RFC 2544 sets aside for benchmarks. */
export const addressOf = (user: number): string => `198.${18 + ((user >> 16) & 1)}.${(user >> 8) & 255}.${user & 255}`;
/** The operator who looked into somebody's events last. */
export const operatorOf = (story: number): string => operators[mixed(story, 5) % operators.length] ?? '';
export const ticketOf = (story: number): string => `ticket ${100_000 + story}`;

/** What a story is made of. */
interface Scene {
  feed: Feed;
  story: number;
  user: number;
  at: Date;
}

/**
 * What somebody did, what Stripe told of it, and what came of that, in the order in which it reaches the trail. The first stories are of
 * everybody's first visit; after those come renewals, purchases, visits of the portal, failed payments, and what operators do.
 */
export function storyOf(feed: Feed, story: number, at: Date): OutgoingEvent[] {
  const scene = { feed, story, user: story < feed.users ? story : returning(feed, story), at };
  if (story < feed.users) return firstVisit(scene);
  const lot = mixed(story, 3) % 100;
  if (lot < 45) return renewal(scene);
  if (lot < 65) return purchase(scene);
  if (lot < 85) return visit(scene);
  return lot < 95 ? failedPayment(scene) : replay(scene);
}

function returning({ users }: Feed, story: number): number {
  const busy = Math.floor(users / oneBusyIn);
  return mixed(story, 1) % 5 === 0 ? mixed(story, 2) % busy : mixed(story, 2) % users;
}

/** The same number for the same question, and no pattern in them: a benchmark must be repeatable. */
function mixed(number: number, salt: number): number {
  let hash = Math.imul(number + 1, 0x9e37_79b1) ^ Math.imul(salt, 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 16), 0x45d9_f3b);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function firstVisit(scene: Scene): OutgoingEvent[] {
  const user_id = userOf(scene.user);
  return [
    domainEvent(scene, 'billing.account.opened', { user_id, email: `${user_id}@example.test` }, byUser(scene)),
    domainEvent(scene, 'billing.customer.linked', { user_id, customer_id: customerOf(scene.user) }, byUser(scene)),
  ];
}

function renewal(scene: Scene): OutgoingEvent[] {
  const cause = { causeid: stripeId(scene, 2), actor: 'service:subscription' };
  const paid = { causeid: stripeId(scene, 1), actor: 'service:subscription' };
  return [
    stripeEvent(scene, 1, 'invoice.paid', invoiceOf(scene)),
    stripeEvent(scene, 2, 'customer.subscription.updated', subscriptionObject(scene)),
    domainEvent(scene, 'billing.payment.succeeded', paymentOf(scene), paid),
    domainEvent(scene, 'billing.subscription.changed', changeOf(scene, 'billing.subscription.changed'), cause),
    domainEvent(scene, 'billing.account.changed', accountOf(scene), cause),
  ];
}

function purchase(scene: Scene): OutgoingEvent[] {
  const session_id = `cs_test_${scene.feed.run}_${scene.story}`;
  const tier = { ...samples['billing.tier.changed'], user_id: userOf(scene.user) };
  const cause = { causeid: stripeId(scene, 2), actor: 'service:subscription' };
  const started = { ...samples['billing.checkout.started'], user_id: userOf(scene.user), session_id };
  const session = { id: session_id, customer: customerOf(scene.user), client_reference_id: userOf(scene.user) };
  return [
    domainEvent(scene, 'billing.checkout.started', started, byUser(scene)),
    stripeEvent(scene, 1, 'checkout.session.completed', aCheckoutSession(session)),
    stripeEvent(scene, 2, 'customer.subscription.created', subscriptionObject(scene)),
    domainEvent(scene, 'billing.subscription.started', changeOf(scene, 'billing.subscription.started'), cause),
    domainEvent(scene, 'billing.tier.changed', tier, cause),
    domainEvent(scene, 'billing.account.changed', accountOf(scene), cause),
  ];
}

function visit(scene: Scene): OutgoingEvent[] {
  const data = { user_id: userOf(scene.user), customer_id: customerOf(scene.user) };
  return [domainEvent(scene, 'billing.portal.opened', data, byUser(scene))];
}

function failedPayment(scene: Scene): OutgoingEvent[] {
  const cause = { causeid: stripeId(scene, 1), actor: 'service:subscription' };
  return [
    stripeEvent(scene, 1, 'invoice.payment_failed', invoiceOf(scene)),
    domainEvent(scene, 'billing.payment.failed', paymentOf(scene), cause),
  ];
}

function replay(scene: Scene): OutgoingEvent[] {
  const note = `customer linked by hand, ${ticketOf(scene.story)}`;
  const data = { ...samples['billing.event.replayed'], event_id: stripeId(scene, 1), note };
  const from = { remoteaddress: '198.19.255.1', useragent: 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0' };
  return [domainEvent(scene, 'billing.event.replayed', data, { actor: `ops:${operatorOf(scene.story)}`, ...from })];
}

function byUser({ feed, story, user }: Scene): Partial<EventAttributes> {
  return {
    actor: `user:${userOf(user)}`,
    requestid: `request-${feed.run}-${story}`,
    remoteaddress: addressOf(user),
    useragent:
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Safari/605.1.15',
  };
}

function invoiceOf({ feed, story, user }: Scene): object {
  return anInvoice({ id: `in_${feed.run}_${story}`, customer: customerOf(user), metadata: {} });
}

function subscriptionObject({ user }: Scene): object {
  return aSubscription({ id: subscriptionOf(user), customer: customerOf(user), metadata: { user_id: userOf(user) } });
}

function paymentOf({ feed, story, user }: Scene): EventData<'billing.payment.succeeded'> {
  return {
    ...samples['billing.payment.succeeded'],
    user_id: userOf(user),
    customer_id: customerOf(user),
    subscription_id: subscriptionOf(user),
    invoice_id: `in_${feed.run}_${story}`,
  };
}

function changeOf<T extends 'billing.subscription.started' | 'billing.subscription.changed'>(
  { user }: Scene,
  type: T,
): EventData<T> {
  return { ...samples[type], user_id: userOf(user), subscription_id: subscriptionOf(user) };
}

function accountOf({ story, user }: Scene): EventData<'billing.account.changed'> {
  return { ...samples['billing.account.changed'], user_id: userOf(user), version: story };
}

const stripeId = ({ feed, story }: Scene, step: number): string => `evt_${feed.run}_${story}_${step}`;

function stripeEvent(scene: Scene, step: number, type: string, object: object): OutgoingEvent {
  const id = stripeId(scene, step);
  const event = aStripeEvent(type, object, { id, created: Math.floor(scene.at.getTime() / 1000) });
  const attributes = attributesSchema.parse({
    id,
    source: 'stripe',
    type: `stripe.${type}`,
    time: scene.at.toISOString(),
    actor: 'stripe',
    receivedat: scene.at.toISOString(),
    livemode: false,
    apiversion: event.api_version,
  });
  return { attributes, body: Buffer.from(JSON.stringify(event)) };
}

function domainEvent<T extends DomainEventType>(
  scene: Scene,
  type: T,
  data: EventData<T>,
  given: Partial<EventAttributes>,
): OutgoingEvent {
  const attributes = attributesSchema.parse({
    id: `${scene.feed.run}-${scene.story}-${type}`,
    source: 'bench',
    type,
    subject: userOf(scene.user),
    time: scene.at.toISOString(),
    dataversion: domainEvents[type].version,
    ...given,
  });
  return { attributes, body: Buffer.from(JSON.stringify(data)) };
}
