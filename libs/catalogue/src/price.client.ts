import { lookupKeyIn } from '@billhook/billing';
import type { PriceFacts } from '@billhook/billing';
import { fromStripeError, isNoSuchObject } from '@billhook/stripe';
import type Stripe from 'stripe';

/** Asks Stripe what prices there are. */
export class PriceClient {
  constructor(private readonly stripe: Stripe) {}

  /**
   * By reference (an id, or `lookup:` and a key); null where Stripe has no such price. One after the other: nobody waits for it.
   * Throws Retryable when Stripe is not there, Refused when the key may not read prices.
   */
  async find(references: readonly string[]): Promise<Map<string, PriceFacts | null>> {
    const answers = new Map<string, PriceFacts | null>();
    for (const reference of new Set(references)) {
      const lookupKey = lookupKeyIn(reference);
      const price = lookupKey === null ? await this.byId(reference) : await this.byLookupKey(lookupKey);
      answers.set(reference, price === null ? null : toFacts(price));
    }
    return answers;
  }

  private async byId(priceId: string): Promise<Stripe.Price | null> {
    try {
      return await this.stripe.prices.retrieve(priceId);
    } catch (error) {
      if (isNoSuchObject(error)) return null;
      throw fromStripeError(error);
    }
  }

  /** A key stands for one price at a time, and moves on to another with `transfer_lookup_key`. */
  private async byLookupKey(lookupKey: string): Promise<Stripe.Price | null> {
    try {
      const { data } = await this.stripe.prices.list({ lookup_keys: [lookupKey], active: true, limit: 1 });
      return data[0] ?? null;
    } catch (error) {
      throw fromStripeError(error);
    }
  }
}

/** Tiers and amounts that the customer chooses have no `unit_amount`; a metered price has one, of something else than a month. */
function toFacts(price: Stripe.Price): PriceFacts {
  const isLicensed = price.recurring?.usage_type === 'licensed';
  return {
    priceId: price.id,
    isActive: price.active,
    currency: price.currency,
    amount: isLicensed ? price.unit_amount : null,
    interval: price.recurring?.interval ?? null,
    intervalCount: price.recurring?.interval_count ?? 1,
  };
}
