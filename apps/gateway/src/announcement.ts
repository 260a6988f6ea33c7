import type { DomainEvent } from '@billhook/contracts';
import type { OutboxEvent } from '@billhook/messaging';
import type { Caller } from './sign-in/caller.js';

/** The name under which the gateway's events travel. */
export const eventSource = 'gateway';

/**
 * A domain event with who caused it and from where. `causeId` decides the event's id: without one it is this request, so that
 * two requests make two events; what may be announced only once names the thing it is about.
 */
export function announcement(caller: Caller, event: DomainEvent, options: { at: Date; causeId?: string }): OutboxEvent {
  return {
    event,
    causeId: options.causeId ?? caller.requestId,
    subject: caller.userId,
    at: options.at,
    actor: `${caller.role}:${caller.userId}`,
    remoteAddress: caller.remoteAddress,
    ...(caller.userAgent === undefined ? {} : { userAgent: caller.userAgent }),
    requestId: caller.requestId,
  };
}
