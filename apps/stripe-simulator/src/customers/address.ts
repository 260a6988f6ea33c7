import type Stripe from 'stripe';
import type { z } from 'zod';
import { params, text } from '../api/params.js';

export const addressParams = params({
  city: text.optional(),
  country: text.optional(),
  line1: text.optional(),
  line2: text.optional(),
  postal_code: text.optional(),
  state: text.optional(),
});

export const toAddress = (given: z.output<typeof addressParams>): Stripe.Address => ({
  city: given.city ?? null,
  country: given.country ?? null,
  line1: given.line1 ?? null,
  line2: given.line2 ?? null,
  postal_code: given.postal_code ?? null,
  state: given.state ?? null,
});

/** Where and to whom a payment's goods are sent. */
export const shippingParams = params({ address: addressParams, name: text }).transform(({ address, name }) => ({
  address: toAddress(address),
  name,
}));
