import { z } from 'zod';
import { flag, integer, mergeMetadata, metadata, params, text } from '../api/params.js';
import { route } from '../api/route.js';
import type { Route } from '../api/route.js';
import { referenced } from '../api/stripe-error.js';
import { issueInvoice } from './issue.js';
import { addPendingItem, pendingLines } from './pending-items.js';

/** Invoices that bill no subscription: what was put down for a customer, drafted on request. */
export const ownInvoiceRoutes: Route[] = [
  route({
    method: 'POST',
    path: '/v1/invoiceitems',
    params: params({
      amount: integer,
      currency: z.enum(['usd']),
      customer: text,
      description: text.optional(),
    }),
    handle: ({ world, input }) => {
      const customer = referenced({ table: world.customers, id: input.customer, noun: 'customer', param: 'customer' });
      const now = world.now();
      return addPendingItem(world, customer.id, {
        amount: input.amount,
        currency: input.currency,
        description: input.description ?? '',
        period: { start: now, end: now },
        price: null,
        quantity: 1,
        subscription: null,
        subscriptionItem: null,
        isProration: false,
        invoiceItem: null,
      });
    },
  }),
  route({
    method: 'POST',
    path: '/v1/invoices',
    params: params({
      auto_advance: flag.optional(),
      customer: text,
      description: text.optional(),
      metadata: metadata.optional(),
      pending_invoice_items_behavior: z.enum(['exclude', 'include']).optional(),
    }),
    handle: ({ world, input }) => {
      const customer = referenced({ table: world.customers, id: input.customer, noun: 'customer', param: 'customer' });
      const isIncluding = input.pending_invoice_items_behavior === 'include';
      const draft = issueInvoice(world, {
        customer: customer.id,
        subscription: null,
        reason: 'manual',
        lines: isIncluding ? pendingLines(world, customer.id, null) : [],
      });
      const invoice = {
        ...draft,
        auto_advance: input.auto_advance ?? false,
        description: input.description ?? null,
        metadata: mergeMetadata({}, input.metadata),
      };
      world.storeInvoice(invoice);
      world.emit('invoice.created', invoice);
      return invoice;
    },
  }),
];
