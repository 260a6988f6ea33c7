import type { CollectionPause, LifecycleKind, SubscriptionRow, Understood } from '@billhook/billing';
import type { BillingCycle, Tier } from '@billhook/contracts';
import { Column, CreateDateColumn, Entity, PrimaryColumn, UpdateDateColumn } from 'typeorm';

/** The newest known snapshot of a Stripe subscription, and what the next decision on it needs. */
@Entity('subscription')
export class SubscriptionEntity {
  @PrimaryColumn('text', { name: 'subscription_id' })
  subscriptionId: string;

  @Column('text', { name: 'customer_id' })
  customerId: string;

  @Column('text', { name: 'user_id' })
  userId: string;

  @Column('text', { name: 'price_id', nullable: true })
  priceId: string | null;

  @Column('text')
  status: string;

  @Column('text', { name: 'pause_reason', nullable: true })
  pauseReason: string | null;

  /** Null, like its end, unless collection is paused. */
  @Column('text', { name: 'collection_behavior', nullable: true })
  collectionBehavior: string | null;

  @Column('timestamptz', { name: 'collection_resumes_at', nullable: true })
  collectionResumesAt: Date | null;

  @Column('smallint', { nullable: true })
  tier: Tier | null;

  @Column('text', { name: 'billing_cycle', nullable: true })
  billingCycle: BillingCycle | null;

  @Column('timestamptz', { name: 'current_period_start', nullable: true })
  currentPeriodStart: Date | null;

  @Column('timestamptz', { name: 'current_period_end', nullable: true })
  currentPeriodEnd: Date | null;

  @Column('boolean', { name: 'cancel_at_period_end' })
  cancelAtPeriodEnd: boolean;

  @Column('timestamptz', { name: 'cancel_at', nullable: true })
  cancelAt: Date | null;

  @Column('timestamptz', { name: 'canceled_at', nullable: true })
  canceledAt: Date | null;

  @Column('timestamptz', { name: 'ended_at', nullable: true })
  endedAt: Date | null;

  @Column('timestamptz', { name: 'trial_end', nullable: true })
  trialEnd: Date | null;

  @Column('timestamptz', { name: 'pending_update_expires_at', nullable: true })
  pendingUpdateExpiresAt: Date | null;

  @Column('timestamptz', { name: 'stripe_created_at' })
  stripeCreatedAt: Date;

  /** Null, like the three after it, while the subscription is understood. */
  @Column('text', { name: 'understood_status', nullable: true })
  understoodStatus: string | null;

  @Column('smallint', { name: 'understood_tier', nullable: true })
  understoodTier: Tier | null;

  @Column('timestamptz', { name: 'understood_at', nullable: true })
  understoodAt: Date | null;

  @Column('boolean', { name: 'understood_is_exact', nullable: true })
  understoodIsExact: boolean | null;

  @Column('timestamptz', { name: 'past_due_since', nullable: true })
  pastDueSince: Date | null;

  @Column('boolean', { name: 'past_due_is_exact' })
  pastDueIsExact: boolean;

  @Column('timestamptz', { name: 'order_at' })
  orderAt: Date;

  @Column('text', { name: 'order_kind' })
  orderKind: LifecycleKind;

  @Column('text', { name: 'order_state' })
  orderState: string;

  @Column('text', { name: 'order_started_from', nullable: true })
  orderStartedFrom: string | null;

  @Column('text', { name: 'order_events', array: true })
  orderEvents: string[];

  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' })
  createdAt: Date;

  @UpdateDateColumn({ type: 'timestamptz', name: 'updated_at' })
  updatedAt: Date;
}

export type SubscriptionColumns = Omit<SubscriptionEntity, 'createdAt' | 'updatedAt'>;

export function toSubscriptionColumns(row: SubscriptionRow): SubscriptionColumns {
  const { createdAt: stripeCreatedAt, collectionPause, lastUnderstood, pastDue, order, ...same } = row;
  return {
    ...same,
    stripeCreatedAt,
    collectionBehavior: collectionPause?.behavior ?? null,
    collectionResumesAt: collectionPause?.resumesAt ?? null,
    understoodStatus: lastUnderstood?.status ?? null,
    understoodTier: lastUnderstood?.tier ?? null,
    understoodAt: lastUnderstood?.at ?? null,
    understoodIsExact: lastUnderstood?.isExact ?? null,
    pastDueSince: pastDue?.since ?? null,
    pastDueIsExact: pastDue?.isExact ?? false,
    orderAt: order.at,
    orderKind: order.kind,
    orderState: order.state,
    orderStartedFrom: order.startedFrom,
    orderEvents: [...order.events],
  };
}

export function fromSubscriptionEntity(entity: SubscriptionEntity): SubscriptionRow {
  const { createdAt: _created, updatedAt: _updated, ...columns } = entity;
  return fromSubscriptionColumns(columns);
}

export function fromSubscriptionColumns(columns: SubscriptionColumns): SubscriptionRow {
  const { stripeCreatedAt, pastDueSince, pastDueIsExact, collectionBehavior, collectionResumesAt, ...rest } = columns;
  const { understoodStatus, understoodTier, understoodAt, understoodIsExact, ...others } = rest;
  const { orderAt, orderKind, orderState, orderStartedFrom, orderEvents, ...same } = others;
  return {
    ...same,
    createdAt: stripeCreatedAt,
    collectionPause: collectionPauseOf({ collectionBehavior, collectionResumesAt }),
    lastUnderstood: understoodOf({ understoodStatus, understoodTier, understoodAt, understoodIsExact }),
    pastDue: pastDueSince === null ? null : { since: pastDueSince, isExact: pastDueIsExact },
    order: { at: orderAt, kind: orderKind, state: orderState, startedFrom: orderStartedFrom, events: orderEvents },
  };
}

function collectionPauseOf(
  columns: Pick<SubscriptionColumns, 'collectionBehavior' | 'collectionResumesAt'>,
): CollectionPause | null {
  const { collectionBehavior: behavior, collectionResumesAt: resumesAt } = columns;
  return behavior === null ? null : { behavior, resumesAt };
}

type UnderstoodColumns = Pick<
  SubscriptionColumns,
  'understoodStatus' | 'understoodTier' | 'understoodAt' | 'understoodIsExact'
>;

function understoodOf(columns: UnderstoodColumns): Understood | null {
  const { understoodStatus: status, understoodTier: tier, understoodAt: at, understoodIsExact } = columns;
  if (status === null || tier === null || at === null) return null;
  return { status, tier, at, isExact: understoodIsExact === true };
}
