import type Stripe from 'stripe';
import { z } from 'zod';
import { isWithin, list } from '../api/paging.js';
import { created, flag, paging, params, text } from '../api/params.js';
import { route } from '../api/route.js';
import type { Route } from '../api/route.js';
import { found, invalid, noSuch, StripeFault } from '../api/stripe-error.js';
import { payInvoice } from '../subscriptions/bill.js';
import type { World } from '../world/world.js';
import { markUncollectible, voidInvoice } from './collect.js';
import { finalizeInvoice } from './issue.js';
import { previewInvoice, previewParams } from './preview.js';

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
  route({
    method: 'POST',
    path: '/v1/invoices/create_preview',
    params: previewParams,
    handle: ({ world, input }) => previewInvoice(world, input),
  }),
  route({
    method: 'POST',
    path: '/v1/invoices/:id/pay',
    params: params({ off_session: flag.optional(), payment_method: text.optional() }),
    handle: ({ world, id, input }) => pay(world, found(world.invoices, id, 'invoice'), input.payment_method),
  }),
  route({
    method: 'POST',
    path: '/v1/invoices/:id/finalize',
    params: params({ auto_advance: flag.optional() }),
    handle: ({ world, id }) => finalizeInvoice(world, inStatus(found(world.invoices, id, 'invoice'), 'draft')),
  }),
  route({
    method: 'POST',
    path: '/v1/invoices/:id/void',
    params: params({}),
    handle: ({ world, id }) => voidInvoice(world, inStatus(found(world.invoices, id, 'invoice'), 'open')),
  }),
  route({
    method: 'POST',
    path: '/v1/invoices/:id/mark_uncollectible',
    params: params({}),
    handle: ({ world, id }) => markUncollectible(world, inStatus(found(world.invoices, id, 'invoice'), 'open')),
  }),
];

function inStatus(invoice: Stripe.Invoice, status: 'draft' | 'open'): Stripe.Invoice {
  if (invoice.status === status) return invoice;
  throw invalid('', `This invoice is ${invoice.status}; that can only be done to one that is ${status}.`);
}

/** A draft is finalised first. What the bank refuses is a 402 here, and the invoice stays open. */
function pay(world: World, before: Stripe.Invoice, wanted: string | undefined): Stripe.Invoice {
  if (before.status === 'paid') throw invalid('', 'Invoice is already paid', 'invoice_already_paid');
  if (wanted !== undefined && world.paymentMethods.get(wanted)?.customer !== before.customer) {
    throw noSuch('PaymentMethod', wanted, 'payment_method');
  }
  const open = before.status === 'draft' ? finalizeInvoice(world, before) : inStatus(before, 'open');
  const verdict = payInvoice(world, open, wanted === undefined ? {} : { method: wanted });
  switch (verdict.kind) {
    case 'paid':
    case 'processing':
      return found(world.invoices, open.id, 'invoice');
    case 'action_required':
      throw new StripeFault({
        status: 402,
        type: 'card_error',
        code: 'invoice_payment_intent_requires_action',
        message: 'This payment requires additional user action before it can be completed successfully.',
      });
    case 'declined':
      throw new StripeFault({ status: 402, type: 'card_error', code: 'card_declined', message: verdict.message });
    default:
      return verdict satisfies never;
  }
}
