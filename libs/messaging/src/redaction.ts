import type { EntityManager } from 'typeorm';
import type { Settled } from './inbox.store.js';
import { mentionsIn } from './mentions.js';
import type { Mentions } from './mentions.js';

/** Whether somebody is meant whose data is erased: asked of the service, in the transaction that parks an event for good. */
export type IsOfErased = (manager: EntityManager, mentions: Mentions) => Promise<boolean>;

/** Stands in place of the reason, which may quote the event. */
export const redactedReason = 'redacted';

interface Bytes {
  /** JSON. */
  headers: string;
  body: Buffer;
}

/** Whether nothing but the head of an event may be kept. */
export function isToRedact(
  manager: EntityManager,
  { headers, body }: Bytes,
  isOfErased: IsOfErased | undefined,
): Promise<boolean> {
  return isOfErased === undefined ? Promise.resolve(false) : isOfErased(manager, mentionsIn(headers, body));
}

/**
 * The same with what is parked for good of somebody erased marked as such. What waits for another event, or for its next try, still
 * needs its bytes: that one has its effect, or ends here.
 */
export async function markRedacted(
  manager: EntityManager,
  settled: readonly Settled[],
  isOfErased: IsOfErased | undefined,
): Promise<Settled[]> {
  const marked: Settled[] = [];
  for (const each of settled) {
    const { outcome, delivery } = each;
    const isFinal = outcome.kind === 'parked' && outcome.key === undefined;
    const bytes = { headers: JSON.stringify(delivery.attributes), body: delivery.body };
    if (isFinal && (await isToRedact(manager, bytes, isOfErased))) {
      marked.push({ ...each, outcome: { kind: 'parked', reason: redactedReason }, isRedacted: true });
    } else marked.push(each);
  }
  return marked;
}
