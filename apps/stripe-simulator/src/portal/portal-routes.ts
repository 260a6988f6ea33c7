import type Stripe from 'stripe';
import { z } from 'zod';
import { params, text } from '../api/params.js';
import { route } from '../api/route.js';
import type { Route } from '../api/route.js';
import { referenced } from '../api/stripe-error.js';
import { newId } from '../world/ids.js';

export const portalRoutes: Route[] = [
  route({
    method: 'POST',
    path: '/v1/billing_portal/sessions',
    params: params({ customer: text, locale: text.optional(), return_url: z.url().optional() }),
    handle: ({ world, input }) => {
      const customer = referenced({ table: world.customers, id: input.customer, noun: 'customer', param: 'customer' });
      const session = aPortalSession({
        customer: customer.id,
        returnUrl: input.return_url ?? null,
        publicUrl: world.publicUrl,
        created: world.now(),
      });
      world.portalSessions.set(session.id, session);
      world.emit('billing_portal.session.created', session);
      return session;
    },
  }),
];

interface PortalSessionInput {
  customer: string;
  returnUrl: string | null;
  publicUrl: string;
  created: number;
}
function aPortalSession({ customer, returnUrl, publicUrl, created }: PortalSessionInput): Stripe.BillingPortal.Session {
  const id = newId('bps_');
  return {
    id,
    object: 'billing_portal.session',
    configuration: 'bpc_simulator',
    created,
    customer,
    customer_account: null,
    flow: null,
    livemode: false,
    locale: null,
    on_behalf_of: null,
    return_url: returnUrl,
    url: `${publicUrl}/p/session/${id}`,
  };
}
