import type { Account } from '@billhook/contracts';
import { Column, Entity, PrimaryColumn, UpdateDateColumn } from 'typeorm';
import type { AccountEntry } from './ledger.js';

/** A user's whole billing state as it was last announced. */
@Entity('account')
export class AccountEntity {
  @PrimaryColumn('text', { name: 'user_id' })
  userId: string;

  @Column('smallint')
  tier: number;

  @Column('integer')
  version: number;

  @Column('timestamptz', { name: 'newest_stripe_time', nullable: true })
  newestStripeTime: Date | null;

  @Column('text', { name: 'duplicates_told', array: true })
  duplicatesTold: string[];

  @Column('jsonb')
  body: Account;

  @UpdateDateColumn({ type: 'timestamptz', name: 'updated_at' })
  updatedAt: Date;
}

/** Written by this service alone, so it is what it was when it was written. */
export function fromAccountEntity({
  body,
  newestStripeTime,
  duplicatesTold,
}: Pick<AccountEntity, 'body' | 'newestStripeTime' | 'duplicatesTold'>): AccountEntry {
  return { account: body, newestStripeTime, duplicatesTold };
}
