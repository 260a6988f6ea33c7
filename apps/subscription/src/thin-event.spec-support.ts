import type { OutgoingEvent } from '@billhook/messaging';
import { started } from '@billhook/testing';
import type { CustomerStory } from './customer-story.spec-support.js';

type Message = OutgoingEvent & { attributes: { id: string } };

/** A thin (v2) event about a story's subscription, as the ingress hands it on. `snapshot` is the event it is paired with. */
export function thinEvent(
  story: CustomerStory,
  { id, second = 0, snapshot }: { id: string; second?: number; snapshot?: string },
  overrides: object = {},
): Message {
  const type = 'v1.customer.subscription.item_price_changed';
  const created = new Date((started + second) * 1000 + 123).toISOString();
  const body = {
    id,
    object: 'v2.core.event',
    type,
    created,
    livemode: false,
    context: null,
    reason: null,
    related_object: {
      id: story.subscriptionId,
      type: 'subscription',
      url: `/v1/subscriptions/${story.subscriptionId}`,
    },
    ...(snapshot !== undefined && { snapshot_event: snapshot }),
    ...overrides,
  };
  return {
    attributes: { id, source: 'stripe', type: `stripe.${body.type}`, time: created, actor: 'stripe', livemode: false },
    body: Buffer.from(JSON.stringify(body)),
  };
}
