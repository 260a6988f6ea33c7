import { v5 } from 'uuid';

/** Any fixed UUID: it keeps our ids apart from those that others derive from the same names. */
const namespace = '6f1d2c3a-0b57-5e0e-9c55-7a8d5b0c1e42';

/**
 * The id of a domain event: UUIDv5 of what caused it, its type and its subject, so that a replay of the cause makes the same
 * id and consumers drop the second. JSON keeps ("a", "b.c") and ("a.b", "c") apart.
 */
export function eventId(causeId: string, type: string, subject: string): string {
  return v5(JSON.stringify([causeId, type, subject]), namespace);
}
