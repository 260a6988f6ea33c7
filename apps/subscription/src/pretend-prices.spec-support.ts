import { aPrice } from '@billhook/testing';
import type Stripe from 'stripe';

/** The prices of a pretend Stripe: the four of the seed, to begin with. */
export class PretendPrices extends Map<string, Stripe.Price> {
  /** While false, every question about prices fails with 500. */
  answers = true;

  constructor() {
    super(seedPrices().map((price) => [price.id, price]));
  }

  /** Of `GET /v1/prices/:id` and of `GET /v1/prices?lookup_keys[0]=…`. */
  answer({ pathname, searchParams }: URL): { status: number; body: object } {
    if (!this.answers) return { status: 500, body: { error: { type: 'api_error', message: 'Stripe is not well.' } } };
    const lookupKey = searchParams.get('lookup_keys[0]');
    if (lookupKey !== null) {
      const data = [...this.values()].filter((price) => price.lookup_key === lookupKey);
      return { status: 200, body: { object: 'list', url: '/v1/prices', has_more: false, data } };
    }
    const found = this.get(pathname.split('/').at(-1) ?? '');
    return found === undefined ? { status: 404, body: missing } : { status: 200, body: found };
  }
}

const missing = {
  error: { type: 'invalid_request_error', code: 'resource_missing', message: 'No such price' },
};

function seedPrices(): Stripe.Price[] {
  const { recurring } = aPrice();
  const yearly: Partial<Stripe.Price> = { recurring: recurring === null ? null : { ...recurring, interval: 'year' } };
  return [
    aPrice(),
    aPrice({ ...yearly, id: 'price_pro_yearly', unit_amount: 9_900 }),
    aPrice({ id: 'price_elite_monthly', product: 'prod_elite', unit_amount: 2_999 }),
    aPrice({ ...yearly, id: 'price_elite_yearly', product: 'prod_elite', unit_amount: 29_900 }),
  ];
}
