import { list } from '../api/paging.js';
import { flag, mergeMetadata, metadata, paging, params, text } from '../api/params.js';
import { route } from '../api/route.js';
import type { Route } from '../api/route.js';
import { found } from '../api/stripe-error.js';
import { isOfPayment, paymentFilter } from '../payments/by-payment.js';
import { carryOn } from './carry-on.js';

/** What a merchant can do about a dispute; the bank's side of it is at `/_simulator/disputes`. */
export const disputeRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/v1/disputes',
    params: params({
      ...paging,
      ...paymentFilter,
    }),
    handle: ({ world, input }) =>
      list({
        url: '/v1/disputes',
        table: world.disputes,
        noun: 'dispute',
        page: input,
        where: (row) => isOfPayment(row, input),
      }),
  }),
  route({
    method: 'GET',
    path: '/v1/disputes/:id',
    params: params({}),
    handle: ({ world, id }) => found(world.disputes, id, 'dispute'),
  }),
  route({
    method: 'POST',
    path: '/v1/disputes/:id',
    params: params({
      evidence: params({ uncategorized_text: text.optional() }).optional(),
      metadata: metadata.optional(),
      submit: flag.optional(),
    }),
    handle: ({ world, id, input }) => {
      const before = found(world.disputes, id, 'dispute');
      const noted = world.update(world.disputes, 'charge.dispute.updated', {
        ...before,
        metadata: mergeMetadata(before.metadata, input.metadata),
        evidence: { ...before.evidence, ...input.evidence },
      });
      // Evidence is submitted unless the request says that more is to come.
      const isSubmitted = input.evidence !== undefined && input.submit !== false;
      return isSubmitted ? carryOn(world, noted, 'submit') : noted;
    },
  }),
  route({
    method: 'POST',
    path: '/v1/disputes/:id/close',
    params: params({}),
    handle: ({ world, id }) => {
      const dispute = found(world.disputes, id, 'dispute');
      return carryOn(world, dispute, dispute.status.startsWith('warning_') ? 'close' : 'lose');
    },
  }),
];
