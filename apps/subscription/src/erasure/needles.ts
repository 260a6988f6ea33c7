/** What is known of somebody by which bytes that name nobody can still be told to be theirs. */
export interface KnownIds {
  userId: string;
  customerIds: readonly string[];
  /** Of Stripe's other objects: subscriptions, invoices, charges. */
  objectIds: readonly string[];
}

/** Where a user's id stands in Stripe's objects and in our own events. */
const fields = ['user_id', 'client_reference_id'];

/**
 * The texts to look for, as JSON has them: whole ids, since one customer's id may begin with another's. A user's id may be as
 * short as a digit, so it counts only as the value of a field that is ours; Stripe writes a space before it.
 */
export function needlesOf({ userId, customerIds, objectIds }: KnownIds): string[] {
  const value = JSON.stringify(userId);
  return [
    ...fields.flatMap((field) => [`"${field}":${value}`, `"${field}": ${value}`]),
    ...[...customerIds, ...objectIds].map((id) => JSON.stringify(id)),
  ];
}

/** How an outgoing event names whom it is about. */
export function subjectNeedle(id: string): string {
  return `"subject":${JSON.stringify(id)}`;
}

/** A customer that bytes name somewhere, where their event says of no customer that it is its own; null for none. */
export function customerIn(body: Buffer): string | null {
  return /"(cus_\w+)"/.exec(body.toString('latin1'))?.[1] ?? null;
}
