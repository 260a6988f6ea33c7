import type Stripe from 'stripe';
import { integer, params, text } from '../api/params.js';
import { route } from '../api/route.js';
import type { Route } from '../api/route.js';
import { found, invalid } from '../api/stripe-error.js';
import { payOnce } from './pay-once.js';

// Undocumented at Stripe: what the hosted page reads and sends, and what Stripe's own CLI pays a session in payment mode with.
export const paymentPageRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/v1/payment_pages/:id',
    params: params({}),
    handle: ({ world, id }) => found(world.checkoutSessions, id, 'payment_page'),
  }),
  route({
    method: 'POST',
    path: '/v1/payment_pages/:id/confirm',
    params: params({ expected_amount: integer.optional(), payment_method: text }),
    handle: ({ world, id, input }) => {
      const session = found(world.checkoutSessions, id, 'payment_page');
      refuseUnpayable(session, input.expected_amount);
      return payOnce(world, session, input.payment_method);
    },
  }),
];

function refuseUnpayable({ amount_total, mode, status }: Stripe.Checkout.Session, expected: number | undefined): void {
  if (mode !== 'payment') throw invalid('', 'A session that is not in payment mode is paid on its page.');
  if (status !== 'open') throw invalid('', `This Checkout Session is ${status ?? 'closed'} and can no longer be paid.`);
  if (expected !== undefined && expected !== amount_total) {
    throw invalid('expected_amount', 'The amount due has changed since the page was read.');
  }
}
