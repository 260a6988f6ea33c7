import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A Stripe customer, and whose it is as soon as that is known. */
@Entity('customer')
export class CustomerEntity {
  @PrimaryColumn('text', { name: 'customer_id' })
  customerId: string;

  @Column('text', { name: 'user_id', nullable: true })
  userId: string | null;

  @Column('text', { nullable: true })
  source: string | null;

  @Column('timestamptz', { name: 'linked_at', nullable: true })
  linkedAt: Date | null;
}
