import { z } from 'zod';
import { accountSchema, billingCycleSchema, instantSchema, subscriptionViewSchema, tierSchema } from './account.js';

const userId = z.string().min(1).max(255);
const user = z.object({ user_id: userId });

const plan = z.object({ tier: tierSchema, billing_cycle: billingCycleSchema });
const checkout = user.extend({ ...plan.shape, session_id: z.string() });
/** Money in the currency's minor unit, as Stripe counts it. */
const payment = user.extend({
  customer_id: z.string(),
  subscription_id: z.string().nullable(),
  invoice_id: z.string(),
  amount: z.int(),
  currency: z.string().length(3),
});
const subscriptionChange = user.extend({
  subscription_id: z.string(),
  before: subscriptionViewSchema.nullable(),
  after: subscriptionViewSchema,
  reason: z.string(),
});
/** Why a tier is what it is: `code` for machines, `text` for people. */
const reason = z.object({ code: z.string(), text: z.string() });

/** Who holds personal data, and so has to answer before an erasure is complete. */
export const erasingServices = ['gateway', 'subscription', 'audit'] as const;
export type ErasingService = (typeof erasingServices)[number];
/** A ticket, a case, a law: it stays in the trail for good, so it has no room for an address or a sentence about somebody. */
export const erasureReasonPattern = /^[A-Za-z0-9][A-Za-z0-9 ._:#/-]{0,99}$/;

const driftKinds = ['missing', 'extra', 'different'] as const;
const driftValue = z.union([z.string(), z.number(), z.boolean()]).nullable();
/** A subscription of ours that is not as Stripe has it, once that has lasted. `user_id` is null where nobody knows whose it is. */
const drift = z.object({
  run_id: z.string(),
  subscription_id: z.string(),
  customer_id: z.string().nullable(),
  user_id: userId.nullable(),
  /** `missing` here, `extra` here (Stripe does not know it), or `different` in the fields that follow. */
  kind: z.enum(driftKinds),
  fields: z.array(z.object({ field: z.string(), ours: driftValue, stripe: driftValue })),
});

const trailReads = ['entries', 'entry', 'timeline', 'export', 'tail', 'funnel', 'console', 'chain'] as const;

/** Every event Billhook itself publishes: its data's schema and that schema's version. The type is the routing key. */
export const domainEvents = {
  'ingress.delivery.rejected': {
    version: 1,
    schema: z.object({ code: z.string(), count: z.int().positive(), remote_address: z.string() }),
  },
  /** Who could not come in, or reached for what is not theirs. `target` is the id in the address. */
  'gateway.request.refused': {
    version: 1,
    schema: z.object({
      code: z.string(),
      /** Method and pattern, as in `GET /v1/checkout-sessions/:id`. */
      route: z.string(),
      target: z.string().nullable(),
      user_id: userId.nullable(),
      remote_address: z.string(),
      count: z.int().positive(),
    }),
  },
  /**
   * Somebody looked into the audit trail: who is the envelope's actor. `request` is the address they asked for, without what may be
   * personal in it, since an entry cannot be forgotten. The audit service writes it into the trail itself; it is not published.
   */
  'audit.trail.read': {
    version: 1,
    schema: z.object({ what: z.enum(trailReads), request: z.string() }),
  },
  'billing.account.opened': { version: 1, schema: user.extend({ email: z.string().nullable() }) },
  'billing.customer.linked': { version: 1, schema: user.extend({ customer_id: z.string() }) },
  /** The user's customer was deleted at Stripe, and they have another one from now on. What the former one bought stays theirs. */
  'billing.customer.relinked': {
    version: 1,
    schema: user.extend({ customer_id: z.string(), former_customer_id: z.string() }),
  },
  /** Somebody said whose a customer is whose events waited: who is the envelope's actor. */
  'billing.customer.assigned': {
    version: 1,
    schema: user.extend({ customer_id: z.string(), reason: z.string(), released_events: z.int().nonnegative() }),
  },
  /** Told once of a customer whose events have waited for an hour for somebody to say whose it is. */
  'billing.customer.left_unknown': {
    version: 1,
    schema: z.object({
      code: z.string(),
      customer_id: z.string(),
      events: z.int().positive(),
      oldest_at: instantSchema,
    }),
  },
  'billing.checkout.started': { version: 1, schema: checkout },
  'billing.checkout.completed': { version: 1, schema: checkout },
  'billing.checkout.expired': { version: 1, schema: checkout },
  'billing.checkout.failed': {
    version: 1,
    schema: user.extend({ ...plan.shape, session_id: z.string().nullable(), reason: z.string() }),
  },
  /** What became of a session whose payment took days (a bank debit), or that Stripe closed unpaid. */
  'billing.checkout.settled': {
    version: 1,
    schema: user.extend({
      customer_id: z.string(),
      session_id: z.string(),
      subscription_id: z.string().nullable(),
      outcome: z.enum(['succeeded', 'failed', 'expired']),
    }),
  },
  'billing.portal.opened': { version: 1, schema: user.extend({ customer_id: z.string() }) },
  'billing.cancellation.requested': {
    version: 1,
    schema: user.extend({ subscription_id: z.string(), immediate: z.boolean(), outcome: z.string() }),
  },
  'billing.resumption.requested': {
    version: 1,
    schema: user.extend({ subscription_id: z.string(), outcome: z.string() }),
  },
  /** `from` is null where Stripe's price is in no catalogue. `outcome` is `changed`, `scheduled` or why nothing was. */
  'billing.change.requested': {
    version: 1,
    schema: user.extend({
      subscription_id: z.string(),
      from: z.object({ tier: tierSchema, billing_cycle: billingCycleSchema.nullable() }).nullable(),
      to: plan,
      outcome: z.string(),
    }),
  },
  'billing.subscription.started': { version: 1, schema: subscriptionChange },
  'billing.subscription.changed': { version: 1, schema: subscriptionChange },
  'billing.subscription.ended': { version: 1, schema: subscriptionChange },
  'billing.tier.changed': {
    version: 1,
    schema: user.extend({ from: tierSchema, to: tierSchema, reasons: z.array(reason), at: instantSchema }),
  },
  'billing.payment.succeeded': { version: 1, schema: payment },
  'billing.payment.failed': { version: 1, schema: payment },
  /** The bank asks the customer to confirm the payment: until they do, `amount` is not paid. */
  'billing.payment.action_required': { version: 1, schema: payment },
  /**
   * `amount` is all that has gone back by now of what was paid for the invoice (`amount_paid`): it grows with each part, and is less
   * again once a refund has failed.
   */
  'billing.payment.refunded': { version: 1, schema: payment.extend({ amount_paid: z.int() }) },
  /** Once for each status that a dispute comes to. `status` is Stripe's own and open. */
  'billing.payment.disputed': { version: 1, schema: payment.extend({ dispute_id: z.string(), status: z.string() }) },
  /** The user pays for these beside one another, the oldest first: told when one comes to them, not when one ends. */
  'billing.duplicate_subscription.found': {
    version: 1,
    schema: user.extend({
      subscriptions: z.array(
        z.object({ id: z.string(), customer_id: z.string(), status: z.string(), tier: tierSchema.nullable() }),
      ),
    }),
  },
  /**
   * Ask Stripe about one subscription, about the one that a Checkout session made, or about all of a user's. `reason` is for the
   * trail.
   */
  'billing.reconcile.requested': {
    version: 1,
    schema: z
      .object({
        subscription_id: z.string().min(1).max(255).optional(),
        session_id: z.string().min(1).max(255).optional(),
        user_id: userId.optional(),
        reason: z.string().optional(),
      })
      .refine(({ reason: _reason, ...named }) => Object.values(named).some((id) => id !== undefined), {
        error: 'names none of subscription_id, session_id, user_id',
      }),
  },
  /** `dry_run`: it was only looked for, and stays as it is. */
  'billing.drift.found': { version: 1, schema: drift.extend({ dry_run: z.boolean() }) },
  'billing.drift.repaired': { version: 1, schema: drift },
  'billing.account.changed': { version: 1, schema: accountSchema },
  /** Everybody who holds personal data of this user forgets it, what comes late included, and answers with the next. */
  'billing.account.erasure_requested': {
    version: 1,
    schema: user.extend({ request_id: z.uuid(), reason: z.string().regex(erasureReasonPattern) }),
  },
  /**
   * One from each service. They share cause, type and subject, of which an event's id is made: each takes its own name into it
   * besides (the outbox calls it the effect). `counts` is what was done, by what it was done to.
   */
  'billing.account.erasure_completed': {
    version: 1,
    schema: user.extend({
      request_id: z.uuid(),
      service: z.enum(erasingServices),
      counts: z.record(z.string().regex(/^[a-z][a-z_]*$/), z.int().nonnegative()),
    }),
  },
  'billing.event.parked': {
    version: 1,
    schema: z.object({ event_id: z.string(), event_type: z.string(), reason: z.string(), attempts: z.int() }),
  },
  /** Somebody ran an event again: who is the envelope's actor, why is `note`. */
  'billing.event.replayed': {
    version: 1,
    schema: z.object({
      event_id: z.string(),
      event_type: z.string(),
      outcome_before: z.string(),
      outcome_after: z.string(),
      /** Of the outcome after. */
      reason: z.string().nullable(),
      note: z.string(),
    }),
  },
  /** The head of the trail at some time, signed (Ed25519): whoever notes it elsewhere can tell later whether it was rewritten. */
  'audit.checkpoint.signed': {
    version: 1,
    schema: z.object({
      seq: z.int().positive(),
      recorded_at: instantSchema,
      hash: z.string().regex(/^[0-9a-f]{64}$/),
      signed_at: instantSchema,
      key_id: z.string(),
      signature: z.base64(),
    }),
  },
} as const satisfies Record<string, { version: number; schema: z.ZodType }>;

export type DomainEventType = keyof typeof domainEvents;
export type EventData<T extends DomainEventType> = z.infer<(typeof domainEvents)[T]['schema']>;
/** A domain event before it has an id and an envelope: what the rules return. */
export type DomainEvent = { [T in DomainEventType]: { type: T; data: EventData<T> } }[DomainEventType];

export function isDomainEventType(type: string): type is DomainEventType {
  return Object.hasOwn(domainEvents, type);
}

/** The same table, seen one type at a time. */
const schemaOf: { [T in DomainEventType]: { schema: z.ZodType<EventData<T>> } } = domainEvents;

/**
 * Parses a body that claims to be a domain event. Text that is not JSON and data that does not fit are the same answer: a
 * reason, for the one who parks it.
 */
export function parseDomainEvent<T extends DomainEventType>(
  type: T,
  body: string,
): { ok: true; data: EventData<T> } | { ok: false; reason: string } {
  const json = jsonText.safeParse(body);
  if (!json.success) return { ok: false, reason: z.prettifyError(json.error) };
  const parsed = schemaOf[type].schema.safeParse(json.data);
  return parsed.success ? { ok: true, data: parsed.data } : { ok: false, reason: z.prettifyError(parsed.error) };
}

const jsonText = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message quotes the text, which may hold personal data; a reason is logged and kept.
    context.addIssue({ code: 'custom', message: 'not JSON' });
    return z.NEVER;
  }
});
