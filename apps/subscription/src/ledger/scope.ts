import type { Customers, KnownCustomers } from './customers.js';
import type { Intake } from './intake.js';
import type { Owned } from './owners.js';

/** What a ledger is opened with. */
export interface LedgerScope {
  customers: Customers;
  /** Users whose account is known to exist. */
  withAccount: ReadonlySet<string>;
  userIds: readonly string[];
  invoiceIds: readonly string[];
  /** What was found of the payments of these events, and what of it is written back whatever they do. */
  objects: Pick<Owned, 'found' | 'adopted'>;
  taken: ReadonlySet<string>;
}

/** All that these events may touch. */
export function scopeOf(
  intakes: readonly Intake[],
  customers: Customers,
  { withAccount }: KnownCustomers,
): Omit<LedgerScope, 'taken' | 'objects'> {
  const announced = intakes.flatMap(({ meaning }) => (meaning.kind === 'account_opened' ? [meaning.userId] : []));
  const invoices = intakes.flatMap(({ meaning }) =>
    meaning.kind === 'payment' || meaning.kind === 'action_required' ? [meaning.invoice.invoiceId] : [],
  );
  return {
    customers,
    withAccount,
    userIds: [...new Set([...announced, ...customers.users.values()])],
    invoiceIds: [...new Set(invoices)],
  };
}
