import { seedTerms } from '@billhook/billing';
import type { Terms } from '@billhook/billing';
import { entitlementsSchema } from '@billhook/contracts';
import { z } from 'zod';

const amount = z.int().positive();
const entitlements = z.strictObject(entitlementsSchema.partial().shape);
const paidPlan = z.strictObject({
  /** In the currency's minor unit, as Stripe counts. */
  monthly_amount: amount.optional(),
  yearly_amount: amount.optional(),
  /** Stripe takes 730 at most. */
  trial_days: z.int().min(0).max(730).optional(),
  entitlements: entitlements.optional(),
});

/** Strict throughout: a name that is misspelt must not leave a plan as it was. */
const planFile = z.strictObject({
  currency: z
    .string()
    .regex(/^[a-z]{3}$/, 'must be an ISO currency code in lower case')
    .optional(),
  free: z.strictObject({ entitlements: entitlements.optional() }).optional(),
  pro: paidPlan.optional(),
  elite: paidPlan.optional(),
});
type PlanFile = z.infer<typeof planFile>;

export type TermsReading = { ok: true; terms: Terms } | { ok: false; problem: string };

/** Reads the text of a plan file over the seed's terms: what it does not name stays as it is. */
export function readTerms(text: string): TermsReading {
  const json = jsonIn(text);
  if (!json.ok) return { ok: false, problem: 'is not JSON' };
  const parsed = planFile.safeParse(json.value);
  if (!parsed.success) return { ok: false, problem: `does not fit:\n${z.prettifyError(parsed.error)}` };
  return { ok: true, terms: termsFrom(parsed.data) };
}

function jsonIn(text: string): { ok: true; value: unknown } | { ok: false } {
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    return { ok: false };
  }
}

function termsFrom(file: PlanFile): Terms {
  const currency = file.currency ?? 'usd';
  return {
    free: { entitlements: { ...seedTerms.free.entitlements, ...file.free?.entitlements } },
    pro: paidTerms(seedTerms.pro, file.pro, currency),
    elite: paidTerms(seedTerms.elite, file.elite, currency),
  };
}

function paidTerms(seed: Terms['pro'], file: PlanFile['pro'], currency: string): Terms['pro'] {
  const { monthly, yearly } = seed.offers;
  return {
    entitlements: { ...seed.entitlements, ...file?.entitlements },
    trialDays: file?.trial_days ?? seed.trialDays,
    offers: {
      monthly: { ...monthly, currency, amount: file?.monthly_amount ?? monthly.amount },
      yearly: { ...yearly, currency, amount: file?.yearly_amount ?? yearly.amount },
    },
  };
}
