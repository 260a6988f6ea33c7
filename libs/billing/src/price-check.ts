import { priceIdOf } from './catalogue-settings.js';
import type { CatalogueSettings, PriceKnowledge, PriceSetting } from './catalogue-settings.js';
import type { Offer } from './plan-catalogue.js';
import { billingCycleOf, lookupKeyIn } from './price-facts.js';
import type { PriceFacts } from './price-facts.js';

export const priceProblemCodes = [
  'price_missing',
  'price_inactive',
  'price_without_amount',
  'price_interval_differs',
  'price_currency_differs',
  'price_amount_differs',
  'price_in_two_settings',
] as const;
export type PriceProblemCode = (typeof priceProblemCodes)[number];

/** Where the settings and Stripe disagree, in words for an operator. */
export interface PriceProblem {
  code: PriceProblemCode;
  setting: string;
  configured: string;
  stripe: string;
  cure: string;
  /** Whether the plan is not sold in this cycle until it is mended. Nobody loses a tier by any of these. */
  stopsSale: boolean;
}

/** All disagreements between the settings and what Stripe has answered. What it has not been asked about yet is none. */
export function priceProblems(settings: CatalogueSettings, knowledge: PriceKnowledge): PriceProblem[] {
  return settings.prices.flatMap((price, index) => {
    const answer = knowledge.answers.get(price.reference);
    if (answer === undefined) return [];
    if (answer === null) return [missing(price)];
    const twin = settings.prices.slice(0, index).find((other) => isSamePrice(other, price, knowledge));
    if (twin !== undefined) return [inTwoSettings(price, twin, answer)];
    return price.billingCycle === null ? [] : problemsOfSold(price, answer, offerFor(settings, price));
  });
}

/** One line of a log or of a health answer. */
export function describeProblem({ setting, configured, stripe, cure }: PriceProblem): string {
  return `${setting}: configured ${configured}; Stripe says ${stripe}. ${cure}`;
}

function isSamePrice(a: PriceSetting, b: PriceSetting, knowledge: PriceKnowledge): boolean {
  const id = priceIdOf(b.reference, knowledge);
  return id !== null && priceIdOf(a.reference, knowledge) === id;
}

function offerFor({ terms }: CatalogueSettings, { tier, billingCycle }: PriceSetting): Offer {
  const { offers } = tier === 1 ? terms.pro : terms.elite;
  return billingCycle === 'yearly' ? offers.yearly : offers.monthly;
}

function missing({ setting, reference, billingCycle }: PriceSetting): PriceProblem {
  const key = lookupKeyIn(reference);
  return {
    code: 'price_missing',
    setting,
    configured: reference,
    stripe: key === null ? 'there is no such price' : 'no active price has this lookup key',
    cure:
      key === null
        ? 'Copy the id from the Dashboard, of the same account and mode as STRIPE_SECRET_KEY.'
        : 'Give the key to an active price, in the same account and mode as STRIPE_SECRET_KEY.',
    stopsSale: billingCycle !== null,
  };
}

function inTwoSettings(price: PriceSetting, twin: PriceSetting, { priceId }: PriceFacts): PriceProblem {
  return {
    code: 'price_in_two_settings',
    setting: price.setting,
    configured: price.reference,
    stripe: `this is ${priceId}, which ${twin.setting} stands for already`,
    cure: `${twin.setting} counts. Name another price here.`,
    stopsSale: price.billingCycle !== null,
  };
}

type Complaint = Pick<PriceProblem, 'code' | 'configured' | 'stripe' | 'cure'>;

function problemsOfSold(price: PriceSetting, answer: PriceFacts, offer: Offer): PriceProblem[] {
  const complaints = [
    ...stateComplaints(answer),
    ...intervalComplaints(price, answer),
    ...amountComplaints(answer, offer),
  ];
  return complaints.map((complaint) => ({
    ...complaint,
    setting: price.setting,
    configured: `${price.reference} (${complaint.configured})`,
    stopsSale: complaint.code !== 'price_amount_differs' && complaint.code !== 'price_currency_differs',
  }));
}

function stateComplaints({ priceId, isActive }: PriceFacts): Complaint[] {
  if (isActive) return [];
  const cure = 'Activate it, or name another price here and move this one to the plan’s legacy prices.';
  return [{ code: 'price_inactive', configured: 'on sale', stripe: `${priceId} is archived`, cure }];
}

function intervalComplaints({ billingCycle }: PriceSetting, answer: PriceFacts): Complaint[] {
  if (billingCycleOf(answer) === billingCycle) return [];
  const cure = 'Name the price of this cycle here; another one can stand among the plan’s legacy prices.';
  return [{ code: 'price_interval_differs', configured: billingCycle ?? '', stripe: intervalText(answer), cure }];
}

/** Customers see and pay what Stripe says, so these stop no sale; but one of the two is not what somebody meant. */
function amountComplaints({ amount, currency }: PriceFacts, offer: Offer): Complaint[] {
  if (amount === null) return [withoutAmount];
  const cure =
    'Customers see and pay what Stripe says. If that is right, write it into PLAN_CATALOGUE_FILE; if not, name the right price.';
  const [configured, stripe] = [`${offer.amount} ${offer.currency}`, `${amount} ${currency}`];
  if (currency !== offer.currency) return [{ code: 'price_currency_differs', configured, stripe, cure }];
  return amount === offer.amount ? [] : [{ code: 'price_amount_differs', configured, stripe, cure }];
}

const withoutAmount: Complaint = {
  code: 'price_without_amount',
  configured: 'one amount',
  stripe: 'it has none: it comes in tiers, or the customer chooses',
  cure: 'Name a price with a fixed amount.',
};

function intervalText({ interval, intervalCount }: PriceFacts): string {
  if (interval === null) return 'it does not recur';
  return intervalCount === 1 ? `every ${interval}` : `every ${intervalCount} ${interval}s`;
}
