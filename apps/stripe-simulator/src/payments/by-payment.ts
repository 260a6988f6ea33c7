import { isWithin } from '../api/paging.js';
import { created, text } from '../api/params.js';
import type { CreatedRange } from '../api/params.js';

/** What refunds and disputes are listed by, paging apart. */
export const paymentFilter = {
  charge: text.optional(),
  created: created.optional(),
  payment_intent: text.optional(),
};

interface OfPayment {
  charge: unknown;
  payment_intent: unknown;
  created: number;
}

export function isOfPayment(
  row: OfPayment,
  wanted: { charge?: string | undefined; payment_intent?: string | undefined; created?: CreatedRange | undefined },
): boolean {
  return (
    row.charge === (wanted.charge ?? row.charge) &&
    row.payment_intent === (wanted.payment_intent ?? row.payment_intent) &&
    isWithin(row.created, wanted.created)
  );
}
