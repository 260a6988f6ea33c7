import type { LifecycleKind, SubscriptionRow } from '@billhook/billing';
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

  @Column('timestamptz', { name: 'stripe_created_at' })
  stripeCreatedAt: Date;

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
  const { createdAt: stripeCreatedAt, pastDue, order, ...same } = row;
  return {
    ...same,
    stripeCreatedAt,
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
  const { stripeCreatedAt, pastDueSince, pastDueIsExact, ...rest } = columns;
  const { orderAt, orderKind, orderState, orderStartedFrom, orderEvents, ...same } = rest;
  return {
    ...same,
    createdAt: stripeCreatedAt,
    pastDue: pastDueSince === null ? null : { since: pastDueSince, isExact: pastDueIsExact },
    order: { at: orderAt, kind: orderKind, state: orderState, startedFrom: orderStartedFrom, events: orderEvents },
  };
}
