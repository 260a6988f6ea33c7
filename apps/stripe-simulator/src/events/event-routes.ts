import type Stripe from 'stripe';
import { z } from 'zod';
import { isWithin, list } from '../api/paging.js';
import { created, flag, paging, params, text } from '../api/params.js';
import { route } from '../api/route.js';
import type { Route } from '../api/route.js';
import { found, invalid, noSuch } from '../api/stripe-error.js';
import type { World } from '../world/world.js';
import { newestVersion } from '../versions/api-version.js';
import { renderEvent } from '../versions/render.js';
import { matchesType } from './event-type.js';

const day = 24 * 3600;

/** Stripe lists and answers events of the last 30 days only. */
const isKept = (event: Stripe.EventBase, world: World) => event.created >= world.now() - 30 * day;

/** In the shapes of the version it was made with, whatever the request asks for. */
const asMade = (world: World, event: Stripe.EventBase) => renderEvent(world, event, event.api_version ?? newestVersion);

export const eventRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/v1/events',
    params: params({
      ...paging,
      created: created.optional(),
      delivery_success: flag.optional(),
      type: text.optional(),
      types: z.array(text).max(20).optional(),
    }),
    handle: ({ world, input }) => {
      if (input.type !== undefined && input.types !== undefined) {
        throw invalid('types', 'You may only specify one of these parameters: type, types.');
      }
      const page = list({
        url: '/v1/events',
        table: world.events,
        noun: 'event',
        page: input,
        isKept: (event) => isKept(event, world),
        where: (event) =>
          (input.type === undefined || matchesType(event.type, input.type)) &&
          (input.types?.some((type) => matchesType(event.type, type)) ?? true) &&
          (event.pending_webhooks === 0) === (input.delivery_success ?? event.pending_webhooks === 0) &&
          isWithin(event.created, input.created),
      });
      return { ...page, data: page.data.map((event) => asMade(world, event)) };
    },
  }),
  route({
    method: 'GET',
    path: '/v1/events/:id',
    params: params({}),
    handle: ({ world, id }) => {
      const event = found(world.events, id, 'event');
      if (!isKept(event, world)) throw noSuch('event', id);
      return asMade(world, event);
    },
  }),
  // Undocumented at Stripe: what its CLI's `events resend` asks for.
  route({
    method: 'POST',
    path: '/v1/events/:id/retry',
    // Without a listener of the CLI's own, there is only the one endpoint it can come to.
    params: params({ account: text.optional(), for_stripecli: flag.optional(), webhook_endpoint: text.optional() }),
    handle: ({ world, id }) => {
      const event = found(world.events, id, 'event');
      if (!isKept(event, world)) throw noSuch('event', id);
      world.announce(event);
      return asMade(world, event);
    },
  }),
  route({
    method: 'GET',
    path: '/v2/core/events/:id',
    params: params({}),
    handle: ({ world, id }) => found(world.thinEvents, id, 'event'),
  }),
];
