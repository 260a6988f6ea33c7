import type { DomainEvent } from '@billhook/contracts';
import type { OutgoingEvent } from '@billhook/messaging';
import type { StripeEventBody } from '@billhook/testing';
import { randomUUID } from 'node:crypto';

type Message = OutgoingEvent & { attributes: { id: string } };

/** As the ingress hands it on. */
export function fromStripe(event: StripeEventBody): Message {
  const time = new Date(event.created * 1000).toISOString();
  return {
    attributes: {
      id: event.id,
      source: 'stripe',
      type: `stripe.${event.type}`,
      time,
      actor: 'stripe',
      livemode: false,
    },
    body: Buffer.from(JSON.stringify(event)),
  };
}

/** As the gateway announces it. */
export function fromGateway(event: DomainEvent, at = new Date()): Message {
  const subject = 'user_id' in event.data ? (event.data.user_id ?? undefined) : undefined;
  return {
    attributes: {
      id: randomUUID(),
      source: 'gateway',
      type: event.type,
      time: at.toISOString(),
      subject,
      dataversion: 1,
    },
    body: Buffer.from(JSON.stringify(event.data)),
  };
}

export function opened(userId: string): Message {
  return fromGateway({ type: 'billing.account.opened', data: { user_id: userId, email: null } });
}

export function linked(userId: string, customerId: string): Message {
  return fromGateway({ type: 'billing.customer.linked', data: { user_id: userId, customer_id: customerId } });
}
