/**
 * What went wrong, in a line for people. Where a name has several addresses (`localhost` on most machines) and none of them answers,
 * Node's error has no words of its own, only those of each try.
 */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
