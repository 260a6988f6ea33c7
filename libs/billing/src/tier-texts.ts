import { tierNames } from '@billhook/contracts';
import { isScheduledToEnd, scheduledEnd } from './subscription-row.js';
import type { SubscriptionRow } from './subscription-row.js';
import { meaningOf } from './subscription-status.js';

/** `Pro`, `Elite`; a plan that is not in the catalogue has no name here. */
export function planText(row: SubscriptionRow): string {
  if (row.tier === null) return 'its plan';
  const name = tierNames[row.tier];
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/** A subscription's state in a sentence. */
export function stateText(row: SubscriptionRow): string {
  const name = `Subscription ${row.subscriptionId}`;
  if (meaningOf(row.status) !== 'granting') return `${name} is ${row.status.replaceAll('_', ' ')}${pauseText(row)}.`;
  const text = `${name} is ${row.status} on ${planText(row)}`;
  if (!isScheduledToEnd(row)) return `${text}.`;
  return `${text} and ends at ${scheduledEnd(row)?.toISOString() ?? 'the end of its period'}.`;
}

export function unknownPriceText(row: SubscriptionRow): string {
  return `Subscription ${row.subscriptionId} is on price ${row.priceId ?? '(none)'}, which no plan knows.`;
}

function pauseText({ pauseReason }: SubscriptionRow): string {
  return pauseReason === null ? '' : `: ${pauseReasonText(pauseReason)}`;
}

/** Stripe's enum is open: a reason that it adds is shown in its own words. */
function pauseReasonText(reason: string): string {
  switch (reason) {
    case 'trial_end_without_payment_method':
      return 'its trial ended without a payment method';
    case 'first_payment_failure':
      return 'its first payment failed';
    case 'final_payment_failure':
      return 'the last try to collect its payment failed';
    case 'pause_requested':
      return 'somebody asked for it';
    case 'system':
      return 'Stripe did it by itself';
    default:
      return reason.replaceAll('_', ' ');
  }
}
