import type Stripe from 'stripe';
import { invalid, referenced } from '../api/stripe-error.js';
import type { World } from '../world/world.js';

/** The price that something new is to be sold at. */
export function priceOnSale(world: World, id: string, param: string): Stripe.Price {
  const price = recurringPrice(world, id, param);
  refuseInactive(price, param);
  return price;
}

/** The price that a subscription is to be made of: one that is charged once is refused, as at Stripe. */
export function recurringPrice(world: World, id: string, param: string): Stripe.Price {
  const price = referenced({ table: world.prices, id, noun: 'price', param });
  if (price.recurring !== null) return price;
  const message =
    'The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`.';
  throw invalid(param, message);
}

/** The price of something that is paid once. */
export function oneTimePrice(world: World, id: string, param: string): Stripe.Price {
  const price = referenced({ table: world.prices, id, noun: 'price', param });
  if (price.recurring === null) return price;
  throw invalid(
    param,
    'You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use only one-time prices.',
  );
}

/** Nothing new is sold at a price that was put out of use; what was sold at it before goes on. */
export function refuseInactive(price: Stripe.Price, param: string): void {
  if (!price.active) throw invalid(param, 'The price specified is inactive. This field only accepts active prices.');
}
