import type Stripe from 'stripe';
import type { PlanChoice } from '../checkout/plan-choice.js';
import type { CurrentPlan } from './plan-change.js';

/** A line of Stripe's invoice. Amounts are in the currency's minor unit; a credit is negative. */
export interface PreviewLine {
  description: string;
  amount: number;
}

/** What a change comes to, in Stripe's own figures. */
export interface ChangePreview {
  choice: PlanChoice;
  /** Null for a price that is in no catalogue. */
  current: CurrentPlan | null;
  /** `now`: when it is confirmed. `period_end`: when what was paid for is used up, at `effectiveAt`. */
  takesEffect: 'now' | 'period_end';
  effectiveAt: Date | null;
  /** Seconds, as Stripe counts: from here on the time is at the new price. Confirming it charges exactly these amounts. */
  prorationDate: number;
  currency: string;
  /** Charged when it is confirmed. */
  dueNow: number;
  /** What is left of the old price beyond the new one: it pays for the next invoices. */
  credit: number;
  lines: PreviewLine[];
  /** What each period costs from `renewsAt` on. */
  renewalAmount: number;
  renewsAt: Date | null;
}

/** `POST /v1/subscription/change-preview`. */
export function previewAnswer(preview: ChangePreview) {
  return {
    tier: preview.choice.tier,
    billing_cycle: preview.choice.billingCycle,
    takes_effect: preview.takesEffect,
    effective_at: preview.effectiveAt?.toISOString() ?? null,
    proration_date: preview.prorationDate,
    currency: preview.currency,
    due_now: preview.dueNow,
    credit: preview.credit,
    lines: preview.lines,
    renewal: { amount: preview.renewalAmount, at: preview.renewsAt?.toISOString() ?? null },
  };
}

/** What an immediate change charges; nothing when Stripe makes no invoice for it, as in a trial. */
export function chargeOf(invoice: Stripe.Invoice | null): Pick<ChangePreview, 'dueNow' | 'credit' | 'lines'> {
  if (invoice === null) return { dueNow: 0, credit: 0, lines: [] };
  return {
    dueNow: invoice.amount_due,
    credit: Math.max(0, -invoice.total),
    lines: invoice.lines.data.map(({ description, amount }) => ({ description: description ?? '', amount })),
  };
}

/**
 * The moment that Stripe itself counted from, so that its clock counts and not ours: where its prorations begin. Older ones, that
 * waited for the next invoice, began before. Null when nothing is prorated.
 */
export function prorationDateOf({ lines }: Stripe.Invoice): number | null {
  const starts = lines.data.filter(isProration).map(({ period }) => period.start);
  return starts.length === 0 ? null : Math.max(...starts);
}

/** Until when the new period is paid that an immediate change begins; null when the one that runs goes on. */
export function newPeriodEndOf({ lines }: Stripe.Invoice): Date | null {
  const ends = lines.data.filter((line) => !isProration(line)).map(({ period }) => period.end);
  return ends.length === 0 ? null : new Date(Math.max(...ends) * 1000);
}

function isProration({ parent }: Stripe.InvoiceLineItem): boolean {
  return (parent?.subscription_item_details ?? parent?.invoice_item_details)?.proration ?? false;
}
