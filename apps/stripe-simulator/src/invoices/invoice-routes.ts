import { z } from 'zod';
import { isWithin, list } from '../api/paging.js';
import { created, paging, params, text } from '../api/params.js';
import { route } from '../api/route.js';
import type { Route } from '../api/route.js';
import { found } from '../api/stripe-error.js';

export const invoiceRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/v1/invoices',
    params: params({
      ...paging,
      created: created.optional(),
      customer: text.optional(),
      status: z.enum(['draft', 'open', 'paid', 'uncollectible', 'void']).optional(),
      subscription: text.optional(),
    }),
    handle: ({ world, input }) =>
      list({
        url: '/v1/invoices',
        table: world.invoices,
        noun: 'invoice',
        page: input,
        where: (row) =>
          row.customer === (input.customer ?? row.customer) &&
          row.status === (input.status ?? row.status) &&
          row.parent?.subscription_details?.subscription ===
            (input.subscription ?? row.parent?.subscription_details?.subscription) &&
          isWithin(row.created, input.created),
      }),
  }),
  route({
    method: 'GET',
    path: '/v1/invoices/:id',
    params: params({}),
    handle: ({ world, id }) => found(world.invoices, id, 'invoice'),
  }),
];
