import type { BillingCycle } from '@billhook/contracts';

/** `$9.99`, `$99`: whole amounts without cents. `amount` is in the currency's minor unit. */
export function money(amount: number, currency: string): string {
  const format = new Intl.NumberFormat('en-US', { style: 'currency', currency, trailingZeroDisplay: 'stripIfInteger' });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  return format.format(amount / 10 ** digits);
}

/** Stripe bills in UTC: the same words whatever the server's zone. */
export function day(instant: string): string {
  return dayOf(new Date(instant));
}

export function dayOf(instant: Date): string {
  return new Intl.DateTimeFormat('en-US', { dateStyle: 'long', timeZone: 'UTC' }).format(instant);
}

/** `14:05 UTC`. */
export function timeOf(instant: Date): string {
  return `${instant.toISOString().slice(11, 16)} UTC`;
}

export const perCycle: Record<BillingCycle, string> = { monthly: 'per month', yearly: 'per year' };

/** Whole currency units that a year paid at once saves over twelve months, rounded down: never promise a cent too much. */
export function yearlySaving(monthlyAmount: number, yearlyAmount: number): number {
  return Math.max(0, Math.floor((monthlyAmount * 12 - yearlyAmount) / 100)) * 100;
}
