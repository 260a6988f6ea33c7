/** The id of what Stripe refers to: it sends the id alone, or the whole object where that was expanded. */
export function idOf(reference: string | { id: string }): string {
  return typeof reference === 'string' ? reference : reference.id;
}
