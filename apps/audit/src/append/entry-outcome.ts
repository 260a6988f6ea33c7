import type { DomainEventType } from '@billhook/contracts';
import type { Delivery, Outcome } from '@billhook/messaging';
import { toDraft } from '../trail/content.js';
import type { Draft } from '../trail/content.js';

/** Our own announcement of the trail's head: recording it would make a new head to announce. */
const checkpointType: DomainEventType = 'audit.checkpoint.signed';

/** Undefined for what the trail does not record. */
export function draftOf({ attributes, body }: Delivery): Draft | undefined {
  return attributes.type === checkpointType ? undefined : toDraft({ attributes, body });
}

/** An event can stand in a batch twice: `delete` says whether this is the first of it. */
export function outcomeOf(draft: Draft | undefined, fresh: Set<string>): Outcome {
  if (draft === undefined) return { kind: 'ignored', reason: 'the trail does not record its own checkpoints' };
  return fresh.delete(draft.content.id) ? { kind: 'applied' } : { kind: 'duplicate' };
}
