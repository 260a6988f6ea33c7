import type Stripe from 'stripe';
import { z } from 'zod';
import { list } from '../api/paging.js';
import { integer, mergeMetadata, metadata, paging, params, text } from '../api/params.js';
import { route } from '../api/route.js';
import type { Route } from '../api/route.js';
import { found, invalid } from '../api/stripe-error.js';
import { money } from '../pages/html.js';
import { isOfPayment, paymentFilter } from '../payments/by-payment.js';
import { chargeNamed } from '../payments/payment-routes.js';
import { idOf, newId } from '../world/ids.js';
import type { World } from '../world/world.js';

const createParams = params({
  amount: integer.optional(),
  charge: text.optional(),
  metadata: metadata.optional(),
  payment_intent: text.optional(),
  reason: z.enum(['duplicate', 'fraudulent', 'requested_by_customer']).optional(),
});
type CreateInput = z.output<typeof createParams>;

export const refundRoutes: Route[] = [
  route({
    method: 'POST',
    path: '/v1/refunds',
    params: createParams,
    handle: ({ world, input }) => refund(world, chargeNamed(world, input), input),
  }),
  route({
    method: 'GET',
    path: '/v1/refunds',
    params: params({
      ...paging,
      ...paymentFilter,
    }),
    handle: ({ world, input }) =>
      list({
        url: '/v1/refunds',
        table: world.refunds,
        noun: 'refund',
        page: input,
        where: (row) => isOfPayment(row, input),
      }),
  }),
  route({
    method: 'GET',
    path: '/v1/refunds/:id',
    params: params({}),
    handle: ({ world, id }) => found(world.refunds, id, 'refund'),
  }),
  route({
    method: 'POST',
    path: '/v1/refunds/:id',
    params: params({ metadata: metadata.optional() }),
    handle: ({ world, id, input }) => {
      const before = found(world.refunds, id, 'refund');
      const next = { ...before, metadata: mergeMetadata(before.metadata ?? {}, input.metadata) };
      world.emitUpdate('charge.refund.updated', before, next);
      return world.update(world.refunds, 'refund.updated', next);
    },
  }),
];

/** Gives money back, all that is left or a part: refund.created, then charge.refunded. The invoice stays paid. */
function refund(world: World, charge: Stripe.Charge, input: CreateInput): Stripe.Refund {
  const left = charge.amount - charge.amount_refunded;
  refuseImpossible(charge, input.amount ?? left);
  const made = aRefund({ charge, input, amount: input.amount ?? left, now: world.now() });
  const amount_refunded = charge.amount_refunded + made.amount;
  world.refunds.set(made.id, made);
  world.emit('refund.created', made);
  world.update(world.charges, 'charge.refunded', {
    ...charge,
    amount_refunded,
    refunded: amount_refunded === charge.amount,
  });
  return made;
}

function refuseImpossible(charge: Stripe.Charge, amount: number): void {
  const left = charge.amount - charge.amount_refunded;
  if (charge.disputed) {
    throw invalid('', `Charge ${charge.id} has been charged back; cannot issue a refund.`, 'charge_disputed');
  }
  if (left === 0) {
    throw invalid('', `Charge ${charge.id} has already been refunded.`, 'charge_already_refunded');
  }
  if (amount < 1) throw invalid('amount', 'Invalid positive integer', 'parameter_invalid_integer');
  if (amount > left) {
    throw invalid(
      'amount',
      `Refund amount (${money(amount)}) is greater than unrefunded amount on charge (${money(left)})`,
    );
  }
}

interface RefundInput {
  charge: Stripe.Charge;
  input: CreateInput;
  amount: number;
  now: number;
}
const aRefund = ({ charge, input, amount, now }: RefundInput): Stripe.Refund => ({
  id: newId('re_'),
  object: 'refund',
  amount,
  balance_transaction: newId('txn_'),
  charge: charge.id,
  created: now,
  currency: charge.currency,
  customer: idOf(charge.customer),
  customer_account: null,
  destination_details: { card: { reference_status: 'pending', type: 'refund' }, type: 'card' },
  metadata: mergeMetadata({}, input.metadata),
  payment_intent: idOf(charge.payment_intent),
  payment_method: charge.payment_method,
  reason: input.reason ?? null,
  receipt_number: null,
  source_transfer_reversal: null,
  status: 'succeeded',
  transfer_reversal: null,
});
