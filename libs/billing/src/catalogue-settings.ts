import type { BillingCycle } from '@billhook/contracts';
import { planCatalogue } from './plan-catalogue.js';
import type { Offer, PlanCatalogue, PlanPriceIds, PriceMeaning, Terms } from './plan-catalogue.js';
import { billingCycleOf, isSellable, lookupKeyIn } from './price-facts.js';
import type { PriceFacts } from './price-facts.js';

/** A price as the settings name it. */
export interface PriceSetting {
  /** The setting's name, for whoever has to mend it. */
  setting: string;
  tier: 1 | 2;
  /** Stripe's id of the price, or `lookup:` and its lookup key. */
  reference: string;
  /** Null for one that is honoured and no longer sold: its cycle is whatever Stripe says. */
  billingCycle: BillingCycle | null;
}

export interface CatalogueSettings {
  /** What is sold before what is only honoured. */
  prices: readonly PriceSetting[];
  terms: Terms;
}

/** A price that this deployment has sold or honoured before. */
export interface RememberedPrice extends PriceMeaning {
  priceId: string;
  /** Where it came from then. Of several with one lookup key, the first in a list was there last. */
  reference: string;
}

/** What is known of the prices by now. */
export interface PriceKnowledge {
  /** Stripe's answer by reference; null: there is no such price. A reference without an entry has not been asked about yet. */
  answers: ReadonlyMap<string, PriceFacts | null>;
  remembered: readonly RememberedPrice[];
}

export const nothingKnown: PriceKnowledge = { answers: new Map(), remembered: [] };

/**
 * The catalogue as far as it is known. What is configured comes before what is remembered; a price that was ever honoured here keeps
 * its tier although nobody names it any more, so that neither a new price nor a lookup key that was moved takes away what is paid for.
 */
export function catalogueFor({ prices, terms }: CatalogueSettings, knowledge: PriceKnowledge): PlanCatalogue {
  const meanings = meaningsOf(prices, knowledge);
  const offer = (tier: 1 | 2, billingCycle: BillingCycle, given: Offer): Offer =>
    offerOf(
      prices.find((price) => price.tier === tier && price.billingCycle === billingCycle),
      given,
      knowledge,
      meanings,
    );
  const { free, pro, elite } = terms;
  return planCatalogue(
    { pro: idsOf(meanings, 1), elite: idsOf(meanings, 2) },
    {
      free,
      pro: { ...pro, offers: offersOf(1, pro.offers, offer) },
      elite: { ...elite, offers: offersOf(2, elite.offers, offer) },
    },
  );
}

/** What is to be remembered of Stripe's answers. A price that is not what its setting means is not remembered as if it were. */
export function pricesToRemember({ prices }: CatalogueSettings, answers: PriceKnowledge['answers']): RememberedPrice[] {
  const found = new Map<string, RememberedPrice>();
  for (const { tier, reference, billingCycle } of prices) {
    const answer = answers.get(reference);
    if (!answer || found.has(answer.priceId)) continue;
    const cycle = billingCycleOf(answer);
    if (billingCycle !== null && billingCycle !== cycle) continue;
    found.set(answer.priceId, { priceId: answer.priceId, tier, billingCycle: cycle, reference });
  }
  return [...found.values()];
}

/** The price's id as far as it is known. A lookup key that Stripe has not been asked about yet is what it was when it last was. */
export function priceIdOf(reference: string, { answers, remembered }: PriceKnowledge): string | null {
  if (lookupKeyIn(reference) === null) return reference;
  const answer = answers.get(reference);
  if (answer !== undefined) return answer?.priceId ?? null;
  return remembered.find((price) => price.reference === reference)?.priceId ?? null;
}

function meaningsOf(prices: readonly PriceSetting[], knowledge: PriceKnowledge): Map<string, PriceMeaning> {
  const meanings = new Map<string, PriceMeaning>();
  const add = (priceId: string | null, meaning: PriceMeaning): void => {
    if (priceId !== null && !meanings.has(priceId)) meanings.set(priceId, meaning);
  };
  for (const { tier, reference, billingCycle } of prices) {
    const priceId = priceIdOf(reference, knowledge);
    add(priceId, { tier, billingCycle: billingCycle ?? cycleOf(reference, priceId, knowledge) });
  }
  for (const { priceId, tier, billingCycle } of knowledge.remembered) add(priceId, { tier, billingCycle });
  return meanings;
}

function cycleOf(reference: string, priceId: string | null, { answers, remembered }: PriceKnowledge) {
  const answer = answers.get(reference);
  if (answer) return billingCycleOf(answer);
  return remembered.find((price) => price.priceId === priceId)?.billingCycle ?? null;
}

/** In the map's order, in which the price on sale is the first of its plan and cycle. */
function idsOf(meanings: ReadonlyMap<string, PriceMeaning>, tier: 1 | 2): PlanPriceIds {
  const of = (cycle: BillingCycle | null): string[] =>
    [...meanings].flatMap(([id, meaning]) => (meaning.tier === tier && meaning.billingCycle === cycle ? [id] : []));
  return { monthly: of('monthly'), yearly: of('yearly'), other: of(null) };
}

function offersOf(
  tier: 1 | 2,
  given: Record<BillingCycle, Offer>,
  offer: (tier: 1 | 2, billingCycle: BillingCycle, given: Offer) => Offer,
): Record<BillingCycle, Offer> {
  return { monthly: offer(tier, 'monthly', given.monthly), yearly: offer(tier, 'yearly', given.yearly) };
}

/** Customers are shown what Stripe will charge, as soon as it is known. */
function offerOf(
  setting: PriceSetting | undefined,
  given: Offer,
  knowledge: PriceKnowledge,
  meanings: ReadonlyMap<string, PriceMeaning>,
): Offer {
  const nothing = { ...given, isOnSale: false };
  if (setting === undefined || setting.billingCycle === null) return nothing;
  const priceId = priceIdOf(setting.reference, knowledge);
  const meaning = priceId === null ? undefined : meanings.get(priceId);
  // Another setting stands for the same price: it can only be one of the two.
  if (meaning?.tier !== setting.tier || meaning.billingCycle !== setting.billingCycle) return nothing;
  const answer = knowledge.answers.get(setting.reference);
  if (answer === undefined) return given;
  if (answer === null || answer.amount === null) return nothing;
  return {
    amount: answer.amount,
    currency: answer.currency,
    isOnSale: isSellable(answer, setting.billingCycle),
  };
}
