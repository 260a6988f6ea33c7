import { accountSchema } from '@billhook/contracts';
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

  @Column('jsonb')
  body: object;

  @UpdateDateColumn({ type: 'timestamptz', name: 'updated_at' })
  updatedAt: Date;
}

export function toAccountColumns({ account, newestStripeTime }: AccountEntry): Omit<AccountEntity, 'updatedAt'> {
  const { user_id: userId, tier, version } = account;
  return { userId, tier, version, newestStripeTime, body: account };
}

export function fromAccountEntity({ body, newestStripeTime }: AccountEntity): AccountEntry {
  return { account: accountSchema.parse(body), newestStripeTime };
}
