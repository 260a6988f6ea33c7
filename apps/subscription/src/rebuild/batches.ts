import { fetchedType } from '../fetch/fetched-event.js';
import type { StoredEvent } from './stored-events.store.js';

/** As the service's own batches: larger ones are no quicker. */
const mostTogether = 100;

/**
 * Events that were recorded at one moment were applied in one transaction, by one clock: together again. An answer of Stripe was
 * applied alone.
 */
export async function* batchesOf(events: AsyncIterable<StoredEvent>): AsyncGenerator<StoredEvent[]> {
  let batch: StoredEvent[] = [];
  for await (const event of events) {
    const [first] = batch;
    if (first !== undefined && !(isOneBatch(first, event) && batch.length < mostTogether)) {
      yield batch;
      batch = [];
    }
    batch.push(event);
  }
  if (batch.length > 0) yield batch;
}

function isOneBatch(first: StoredEvent, event: StoredEvent): boolean {
  return first.recordedAt.getTime() === event.recordedAt.getTime() && !isAnswer(first) && !isAnswer(event);
}

function isAnswer({ delivery }: StoredEvent): boolean {
  return delivery.attributes.type === fetchedType;
}
