/** What one of Stripe's subscription statuses means for access. The enum is open: `unknown` is what Stripe adds next. */
export type StatusMeaning =
  'granting' | 'past_due' | 'unpaid' | 'paused' | 'incomplete' | 'incomplete_expired' | 'canceled' | 'unknown';

export function meaningOf(status: string): StatusMeaning {
  switch (status) {
    case 'active':
    case 'trialing':
      return 'granting';
    case 'past_due':
    case 'unpaid':
    case 'paused':
    case 'incomplete':
    case 'incomplete_expired':
    case 'canceled':
      return status;
    default:
      return 'unknown';
  }
}

/** Whether the tier of its price counts: what is not paid keeps it for a grace. */
export function grants(status: string): boolean {
  const meaning = meaningOf(status);
  return meaning === 'granting' || meaning === 'past_due';
}

/** Stripe never brings such a subscription back. */
export function isTerminal(status: string): boolean {
  return status === 'canceled' || status === 'incomplete_expired';
}

/** Whether Stripe bills the next period unless told otherwise. */
export function renews(status: string): boolean {
  return meaningOf(status) === 'granting' || status === 'past_due';
}
