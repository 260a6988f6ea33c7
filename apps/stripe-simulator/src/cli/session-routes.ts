import { z } from 'zod';
import { params, text, unsettable } from '../api/params.js';
import { route } from '../api/route.js';
import type { Route } from '../api/route.js';
import { newId } from '../world/ids.js';
import { newestVersion } from '../versions/api-version.js';

/** Where the CLI's `listen` connects to. */
export const listenPath = '/v1/stripecli/listen';

/** What `listen` wants to hear of: `webhooks` are snapshot events, `v2_events` thin ones. */
const features = z.enum(['webhooks', 'v2_events', 'request_logs']);
export type CliFeature = z.output<typeof features>;

/** After so many seconds the CLI connects again: events in that moment are missed, so it is long. */
const reconnectDelay = 24 * 3600;

// Undocumented at Stripe: what its CLI's `listen` begins with.
export const cliSessionRoutes: Route[] = [
  route({
    method: 'POST',
    path: '/v1/stripecli/sessions',
    params: params({
      device_name: text,
      websocket_features: z.array(features).min(1),
      filters: unsettable.optional(),
      forward_to_url: unsettable.optional(),
      forward_connect_to_url: unsettable.optional(),
      forward_thin_to_url: unsettable.optional(),
      forward_thin_connect_to_url: unsettable.optional(),
    }),
    handle: ({ world, input }) => {
      const id = newId('cliws_');
      world.cliSessions.set(id, { id, features: input.websocket_features });
      return {
        object: 'stripecli.session',
        device_token: newId('clidt_'),
        display_connect_filter_warning: false,
        reconnect_delay: reconnectDelay,
        // A real one is the device's own; with the endpoint's, a service takes what is forwarded as it is configured.
        secret: world.signingSecret,
        websocket_authorized_feature: input.websocket_features.join(','),
        websocket_id: id,
        websocket_url: `${world.publicUrl.replace(/^http/, 'ws')}${listenPath}`,
        default_version: world.settings.api_version,
        latest_version: newestVersion,
      };
    },
  }),
];
