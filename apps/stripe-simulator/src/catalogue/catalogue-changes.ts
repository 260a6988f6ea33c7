import { z } from 'zod';
import { flag, integer, mergeMetadata, metadata, params, text } from '../api/params.js';
import { route } from '../api/route.js';
import type { Route } from '../api/route.js';
import { found, referenced } from '../api/stripe-error.js';
import { newId } from '../world/ids.js';
import { aPrice } from './price.js';
import { aProduct } from './product.js';

/** Products and prices beside the seeded ones, as Stripe's own CLI makes for its triggers, and prices put out of use. */
export const catalogueChanges: Route[] = [
  route({
    method: 'POST',
    path: '/v1/products',
    params: params({
      active: flag.optional(),
      description: text.optional(),
      metadata: metadata.optional(),
      name: text,
    }),
    handle: ({ world, input }) => {
      const product = {
        ...aProduct({ id: newId('prod_'), name: input.name, created: world.now() }),
        active: input.active ?? true,
        description: input.description ?? null,
        metadata: mergeMetadata({}, input.metadata),
      };
      world.products.set(product.id, product);
      world.emit('product.created', product);
      return product;
    },
  }),
  route({
    method: 'POST',
    path: '/v1/prices',
    params: params({
      currency: z.enum(['usd']),
      lookup_key: text.max(200).optional(),
      metadata: metadata.optional(),
      nickname: text.optional(),
      product: text,
      recurring: params({ interval: z.enum(['month', 'year']) }).optional(),
      unit_amount: integer.refine((amount) => amount >= 0, { error: 'Invalid non-negative integer' }),
    }),
    handle: ({ world, input }) => {
      const product = referenced({ table: world.products, id: input.product, noun: 'product', param: 'product' });
      const price = {
        ...aPrice({
          id: newId('price_'),
          product: product.id,
          lookupKey: input.lookup_key ?? null,
          amount: input.unit_amount,
          interval: input.recurring?.interval ?? null,
          created: world.now(),
        }),
        nickname: input.nickname ?? null,
        metadata: mergeMetadata({}, input.metadata),
      };
      world.prices.set(price.id, price);
      world.emit('price.created', price);
      return price;
    },
  }),
  route({
    method: 'POST',
    path: '/v1/prices/:id',
    params: params({ active: flag.optional(), metadata: metadata.optional(), nickname: text.optional() }),
    handle: ({ world, id, input }) => {
      const price = found(world.prices, id, 'price');
      return world.update(world.prices, 'price.updated', {
        ...price,
        active: input.active ?? price.active,
        nickname: input.nickname ?? price.nickname,
        metadata: mergeMetadata(price.metadata, input.metadata),
      });
    },
  }),
];
