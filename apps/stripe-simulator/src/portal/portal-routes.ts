import type Stripe from 'stripe';
import { z } from 'zod';
import { params, text } from '../api/params.js';
import { route } from '../api/route.js';
import type { Route } from '../api/route.js';
import { invalid, noSuch, referenced } from '../api/stripe-error.js';
import { isLive } from '../subscriptions/subscription.js';
import { newId } from '../world/ids.js';
import type { World } from '../world/world.js';

const afterCompletion = params({
  type: z.enum(['portal_homepage', 'redirect']),
  redirect: params({ return_url: z.url() }).optional(),
});
const ofSubscription = params({ subscription: text });

/** Retention offers, pauses and confirmations of one certain update are not modelled. */
const flowData = params({
  type: z.enum(['payment_method_update', 'subscription_cancel', 'subscription_update']),
  after_completion: afterCompletion.optional(),
  subscription_cancel: ofSubscription.optional(),
  subscription_update: ofSubscription.optional(),
});
type FlowInput = z.output<typeof flowData>;

export const portalRoutes: Route[] = [
  route({
    method: 'POST',
    path: '/v1/billing_portal/sessions',
    params: params({
      customer: text,
      flow_data: flowData.optional(),
      locale: text.optional(),
      return_url: z.url().optional(),
    }),
    handle: ({ world, input }) => {
      const customer = referenced({ table: world.customers, id: input.customer, noun: 'customer', param: 'customer' });
      const session = aPortalSession({
        customer: customer.id,
        flow: input.flow_data === undefined ? null : flowFrom(world, customer.id, input.flow_data),
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
  flow: Stripe.BillingPortal.Session.Flow | null;
  returnUrl: string | null;
  publicUrl: string;
  created: number;
}
function aPortalSession({
  customer,
  flow,
  returnUrl,
  publicUrl,
  created,
}: PortalSessionInput): Stripe.BillingPortal.Session {
  const id = newId('bps_');
  return {
    id,
    object: 'billing_portal.session',
    configuration: 'bpc_simulator',
    created,
    customer,
    customer_account: null,
    flow,
    livemode: false,
    locale: null,
    on_behalf_of: null,
    return_url: returnUrl,
    url: `${publicUrl}/p/session/${id}`,
  };
}

/** A flow about a subscription names one of the customer's own, and none that has ended. */
function flowFrom(world: World, customer: string, input: FlowInput): Stripe.BillingPortal.Session.Flow {
  const { type, after_completion: after } = input;
  const about = type === 'payment_method_update' ? null : subscriptionOf(world, customer, { ...input, type });
  return {
    after_completion: {
      hosted_confirmation: null,
      redirect: after?.redirect ?? null,
      type: after?.type ?? 'portal_homepage',
    },
    customer_update: null,
    subscription_cancel: about !== null && type === 'subscription_cancel' ? { retention: null, ...about } : null,
    subscription_pause: null,
    subscription_update: about !== null && type === 'subscription_update' ? about : null,
    subscription_update_confirm: null,
    type,
  };
}

function subscriptionOf(
  world: World,
  customer: string,
  input: FlowInput & { type: 'subscription_cancel' | 'subscription_update' },
): { subscription: string } {
  const param = `flow_data[${input.type}][subscription]`;
  const wanted = input[input.type];
  if (wanted === undefined) throw invalid(param, `Missing required param: ${param}.`, 'parameter_missing');
  const { subscription: id } = wanted;
  const subscription = referenced({ table: world.subscriptions, id, noun: 'subscription', param });
  if (subscription.customer !== customer || !isLive(subscription)) throw noSuch('subscription', id, param);
  return { subscription: id };
}
