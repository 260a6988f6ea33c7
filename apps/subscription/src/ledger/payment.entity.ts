import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Payment } from './ledger.js';

/** A payment, or a failed try at one: each is announced once, however many of Stripe's events tell of it. */
@Entity('payment')
export class PaymentEntity implements Payment {
  @PrimaryColumn('text', { name: 'invoice_id' })
  invoiceId: string;

  @PrimaryColumn('text')
  outcome: 'succeeded' | 'failed';

  @PrimaryColumn('integer')
  attempt: number;

  @Column('text', { name: 'event_id' })
  eventId: string;

  @Column('text', { name: 'user_id' })
  userId: string;

  @Column('text', { name: 'customer_id' })
  customerId: string;

  @Column('text', { name: 'subscription_id', nullable: true })
  subscriptionId: string | null;

  /** bigint comes as text from the driver; Stripe's amounts fit a double exactly. */
  @Column('bigint', { transformer: { to: (amount: number) => amount, from: (text: string) => Number(text) } })
  amount: number;

  @Column('text')
  currency: string;

  @Column('timestamptz', { name: 'occurred_at' })
  occurredAt: Date;
}
