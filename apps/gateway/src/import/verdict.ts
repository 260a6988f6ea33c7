import type { ImportRow } from './import-row.js';

export type RefusalReason =
  | 'unreadable'
  | 'user_twice_in_file'
  | 'customer_twice_in_file'
  | 'user_has_another_customer'
  | 'customer_of_another_user'
  | 'customer_missing'
  | 'customer_deleted'
  | 'customer_names_another_user';

/** What becomes of a row. `repeated`: an earlier line says the same. */
export type Verdict =
  | { outcome: 'linked' | 'already_linked' | 'would_link' | 'repeated' }
  | { outcome: 'refused'; reason: RefusalReason; detail: string };

/** A row, and what the gateway knows of its two ends. */
export interface KnownRow extends ImportRow {
  /** Of the user. */
  linkedCustomerId: string | null;
  /** Of the customer. */
  linkedUserId: string | null;
}

export interface StripeCustomer {
  isDeleted: boolean;
  /** Our own `metadata.user_id`, if somebody wrote one. */
  userId: string | null;
}

/** What the mapping says without asking Stripe; null when it does not stand in the way. */
export function verdictByMapping(row: KnownRow): Verdict | null {
  const { userId, customerId, linkedCustomerId, linkedUserId } = row;
  if (linkedCustomerId === customerId) return { outcome: 'already_linked' };
  if (linkedCustomerId !== null)
    return refused('user_has_another_customer', `the user is linked to ${linkedCustomerId}`);
  if (linkedUserId !== null && linkedUserId !== userId)
    return refused('customer_of_another_user', `the customer is linked to the user ${linkedUserId}`);
  return null;
}

/** What Stripe says of the customer; null when nothing stands in the way. */
export function verdictByStripe({ userId }: ImportRow, customer: StripeCustomer | null): Verdict | null {
  if (customer === null)
    return refused('customer_missing', 'Stripe has no such customer in the account and mode of STRIPE_SECRET_KEY');
  if (customer.isDeleted) return refused('customer_deleted', 'the customer was deleted at Stripe');
  if (customer.userId !== null && customer.userId !== userId)
    return refused('customer_names_another_user', `its metadata.user_id is ${customer.userId}`);
  return null;
}

function refused(reason: RefusalReason, detail: string): Verdict {
  return { outcome: 'refused', reason, detail };
}
