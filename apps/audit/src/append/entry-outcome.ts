import type { Delivery, Outcome } from '@billhook/messaging';
import { toContent } from '../trail/content.js';
import type { Content } from '../trail/content.js';

/** Our own announcement of the trail's head: recording it would make a new head to announce. */
const checkpointType = 'audit.checkpoint.signed';

/** Undefined for what the trail does not record. */
export function toEntry({ attributes, body }: Delivery): Content | undefined {
  return attributes.type === checkpointType ? undefined : toContent({ attributes, body });
}

/** An event can stand in a batch twice: `delete` says whether this is the first of it. */
export function outcomeOf(entry: Content | undefined, fresh: Set<string>): Outcome {
  if (entry === undefined) return { kind: 'ignored', reason: 'the trail does not record its own checkpoints' };
  return fresh.delete(entry.id) ? { kind: 'applied' } : { kind: 'duplicate' };
}
