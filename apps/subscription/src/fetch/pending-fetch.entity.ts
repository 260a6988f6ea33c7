import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A subscription whose newest state only Stripe can tell. */
@Entity('pending_fetch')
export class PendingFetchEntity {
  @PrimaryColumn('text', { name: 'subscription_id' })
  subscriptionId: string;

  /** Null until Stripe has answered, when only a thin event has named it. */
  @Column('text', { name: 'customer_id', nullable: true })
  customerId: string | null;

  @Column('text')
  reason: string;

  /** The event that could not be placed; what the fetch changes is announced as its effect. */
  @Column('text', { name: 'cause_id' })
  causeId: string;

  /** Grows with each event that asks: a fetch answers only those that it has seen. */
  @Column('integer')
  requests: number;

  @Column('integer')
  attempts: number;

  @Column('text', { name: 'last_error', nullable: true })
  lastError: string | null;

  @Column('timestamptz', { name: 'requested_at' })
  requestedAt: Date;

  /** Nobody asks before; moved ahead by whoever is asking. */
  @Column('timestamptz', { name: 'due_at' })
  dueAt: Date;

  /** Null while nobody is asking. */
  @Column('timestamptz', { name: 'leased_until', nullable: true })
  leasedUntil: Date | null;

  /** Whether nobody waits for the answer: it comes after all that somebody waits for. */
  @Column('boolean', { name: 'is_background' })
  isBackground: boolean;
}
