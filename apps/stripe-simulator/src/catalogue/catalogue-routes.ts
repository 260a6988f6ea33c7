import { z } from 'zod';
import { list } from '../api/paging.js';
import { flag, paging, params, text } from '../api/params.js';
import { route } from '../api/route.js';
import type { Route } from '../api/route.js';
import { found } from '../api/stripe-error.js';

/** Products, prices, coupons and promotion codes, as they are read. */
export const catalogueRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/v1/products',
    params: params({ ...paging, active: flag.optional(), ids: z.array(text).optional() }),
    handle: ({ world, input }) =>
      list({
        url: '/v1/products',
        table: world.products,
        noun: 'product',
        page: input,
        where: ({ id, active }) => (input.ids?.includes(id) ?? true) && active === (input.active ?? active),
      }),
  }),
  route({
    method: 'GET',
    path: '/v1/products/:id',
    params: params({}),
    handle: ({ world, id }) => found(world.products, id, 'product'),
  }),
  route({
    method: 'GET',
    path: '/v1/prices',
    params: params({
      ...paging,
      active: flag.optional(),
      currency: text.optional(),
      lookup_keys: z.array(text).max(10).optional(),
      product: text.optional(),
      recurring: params({ interval: z.enum(['day', 'week', 'month', 'year']).optional() }).optional(),
      type: z.enum(['one_time', 'recurring']).optional(),
    }),
    handle: ({ world, input }) =>
      list({
        url: '/v1/prices',
        table: world.prices,
        noun: 'price',
        page: input,
        where: (price) =>
          price.active === (input.active ?? price.active) &&
          price.currency === (input.currency ?? price.currency) &&
          price.product === (input.product ?? price.product) &&
          price.type === (input.type ?? price.type) &&
          price.recurring?.interval === (input.recurring?.interval ?? price.recurring?.interval) &&
          (input.lookup_keys?.includes(price.lookup_key ?? '') ?? true),
      }),
  }),
  route({
    method: 'GET',
    path: '/v1/prices/:id',
    params: params({}),
    handle: ({ world, id }) => found(world.prices, id, 'price'),
  }),
  route({
    method: 'GET',
    path: '/v1/coupons',
    params: params(paging),
    handle: ({ world, input }) => list({ url: '/v1/coupons', table: world.coupons, noun: 'coupon', page: input }),
  }),
  route({
    method: 'GET',
    path: '/v1/coupons/:id',
    params: params({}),
    handle: ({ world, id }) => found(world.coupons, id, 'coupon'),
  }),
  route({
    method: 'GET',
    path: '/v1/promotion_codes',
    params: params({ ...paging, active: flag.optional(), code: text.optional(), coupon: text.optional() }),
    handle: ({ world, input }) =>
      list({
        url: '/v1/promotion_codes',
        table: world.promotionCodes,
        noun: 'promotion code',
        page: input,
        where: (row) =>
          row.active === (input.active ?? row.active) &&
          row.code.toLowerCase() === (input.code ?? row.code).toLowerCase() &&
          row.promotion.coupon === (input.coupon ?? row.promotion.coupon),
      }),
  }),
  route({
    method: 'GET',
    path: '/v1/promotion_codes/:id',
    params: params({}),
    handle: ({ world, id }) => found(world.promotionCodes, id, 'promotion code'),
  }),
];
