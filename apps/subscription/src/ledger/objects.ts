import { keyOf, newerObject, toEvidence } from '@billhook/billing';
import type { Evidence, StripeObject } from '@billhook/billing';
import type { KeptObject } from './kept-object.js';
import type { Ledger } from './ledger.js';

/** The objects of a ledger, and what they say of each user. */
export interface KeptObjects {
  byKey: Map<string, KeptObject>;
  /** Keys of the objects of each user's customers. */
  ofUser: Map<string, Set<string>>;
  /** Made of a user's objects when it is first asked for. */
  evidence: Map<string, Evidence>;
}

export function noObjects(): KeptObjects {
  return { byKey: new Map(), ofUser: new Map(), evidence: new Map() };
}

/** As it was read: nothing to write back. */
export function putObject(
  { byKey, ofUser, evidence }: KeptObjects,
  kept: KeptObject,
  userId: string | undefined,
): void {
  const key = keyOf(kept.object);
  byKey.set(key, kept);
  if (userId === undefined) return;
  ofUser.set(userId, (ofUser.get(userId) ?? new Set()).add(key));
  evidence.delete(userId);
}

export function saveObject(ledger: Ledger, kept: KeptObject): void {
  const { customerId } = kept.object;
  putObject(ledger.objects, kept, customerId === null ? undefined : ledger.users.get(customerId));
  ledger.changes.objects.add(keyOf(kept.object));
}

/** Keeps what is newer than what is known, and says whether anything was. */
export function keepObjects(ledger: Ledger, news: readonly StripeObject[]): boolean {
  const changed = news.filter((object) => keepObject(ledger, object));
  return changed.length > 0;
}

function keepObject(ledger: Ledger, news: StripeObject): boolean {
  const kept = ledger.objects.byKey.get(keyOf(news));
  const object = newerObject(kept?.object ?? null, news);
  if (object === kept?.object) return false;
  saveObject(ledger, { object, told: kept?.told ?? null });
  return true;
}

/** The state of an object that was announced last. */
export function toldOf({ objects }: Ledger, about: Pick<StripeObject, 'kind' | 'id'>): string | null {
  return objects.byKey.get(keyOf(about))?.told ?? null;
}

export function markTold(ledger: Ledger, about: Pick<StripeObject, 'kind' | 'id'>, state: string): void {
  const kept = ledger.objects.byKey.get(keyOf(about));
  if (kept !== undefined) saveObject(ledger, { ...kept, told: state });
}

export function objectsOfUser({ objects }: Ledger, userId: string): KeptObject[] {
  return [...(objects.ofUser.get(userId) ?? [])].flatMap((key) => objects.byKey.get(key) ?? []);
}

export function evidenceOf(ledger: Ledger, userId: string): Evidence {
  const known = ledger.objects.evidence.get(userId);
  if (known !== undefined) return known;
  const evidence = toEvidence(objectsOfUser(ledger, userId).map(({ object }) => object));
  ledger.objects.evidence.set(userId, evidence);
  return evidence;
}
