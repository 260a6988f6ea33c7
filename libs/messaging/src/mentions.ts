/** Whom an event names, as far as its bytes can be read. */
export interface Mentions {
  /** Values of the fields that hold a user's id: one may be as short as a digit, so it counts nowhere else. */
  userIds: string[];
  /** Ids of Stripe's objects, wherever they stand. */
  stripeIds: string[];
}

const userField = /"(?:user_id|client_reference_id|(?:cloudEvents:)?subject)"\s*:\s*("(?:[^"\\]|\\.)*")/g;
/** A name before a colon is none, such as `user_id`. */
const stripeId = /"([a-z]{2,10}_[A-Za-z0-9_]+)"(?!\s*:)/g;

/** `headers` is the JSON of an event's attributes, or of what came instead of them. Also of bytes that are no JSON. */
export function mentionsIn(headers: string, body: Buffer): Mentions {
  const text = `${headers}\n${body.toString('utf8')}`;
  return {
    userIds: [...new Set([...text.matchAll(userField)].flatMap(([, value]) => textOf(value)))],
    stripeIds: [...new Set([...text.matchAll(stripeId)].flatMap(([, id]) => id ?? []))],
  };
}

/** The text of a JSON string; none where it is not one after all. */
function textOf(literal = ''): string[] {
  try {
    const value: unknown = JSON.parse(literal);
    return typeof value === 'string' ? [value] : [];
  } catch {
    // A control character or a broken escape: no event of ours has such a value, so nobody is meant.
    return [];
  }
}
