/** Whose key: a person's, or everybody's of a month, for what nobody is known to. */
export type Owner = `person/${string}` | `month/${string}`;

/** `person` is a user id. */
export function ownerOf(person: string | null, now: Date): Owner {
  return person === null ? `month/${now.toISOString().slice(0, 7)}` : `person/${person}`;
}
