import type { Settings } from '../settings/settings.js';

const day = 24 * 3600;

/**
 * When the next attempt follows the `attempts`-th failed one, or null when there is none left. Stripe's Smart Retries
 * choose the hour by machine learning; here it is the fixed schedule that its Dashboard offers instead.
 */
export function nextAttempt({ retry_after_days }: Settings['dunning'], attempts: number, now: number): number | null {
  const days = retry_after_days[attempts - 1];
  return days === undefined ? null : now + days * day;
}
