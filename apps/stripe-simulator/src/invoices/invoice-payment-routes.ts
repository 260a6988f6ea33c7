import { z } from 'zod';
import { isWithin, list } from '../api/paging.js';
import { created, paging, params, text } from '../api/params.js';
import { route } from '../api/route.js';
import type { Route } from '../api/route.js';
import { found, invalid } from '../api/stripe-error.js';

/** Since basil the only way from a payment, a refund or a dispute to its invoice. */
export const invoicePaymentRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/v1/invoice_payments',
    params: params({
      ...paging,
      created: created.optional(),
      invoice: text.optional(),
      payment: params({
        type: z.enum(['payment_intent', 'payment_record']),
        payment_intent: text.optional(),
      }).optional(),
      status: z.enum(['canceled', 'open', 'paid']).optional(),
    }),
    handle: ({ world, input }) => {
      const { payment } = input;
      if (payment && (payment.type !== 'payment_intent' || payment.payment_intent === undefined)) {
        throw invalid('payment[payment_intent]', 'Give payment[type]=payment_intent and payment[payment_intent].');
      }
      return list({
        url: '/v1/invoice_payments',
        table: world.invoicePayments,
        noun: 'invoice payment',
        page: input,
        where: (row) =>
          row.invoice === (input.invoice ?? row.invoice) &&
          row.payment.payment_intent === (payment?.payment_intent ?? row.payment.payment_intent) &&
          row.status === (input.status ?? row.status) &&
          isWithin(row.created, input.created),
      });
    },
  }),
  route({
    method: 'GET',
    path: '/v1/invoice_payments/:id',
    params: params({}),
    handle: ({ world, id }) => found(world.invoicePayments, id, 'invoice payment'),
  }),
];
