/** PostgreSQL's message may quote a value of any length. */
const longestReason = 500;

/**
 * Why an event could not be applied, for those who look at it later. What stands before the first colon is the same for all
 * failures of a kind: the SQLSTATE or the class of the error.
 */
export function failureReason(error: unknown): string {
  if (!(error instanceof Error)) return `failed: ${String(error)}`.slice(0, longestReason);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  return `failed_${code}: ${error.message}`.slice(0, longestReason);
}

/** For one that never came back from its last try: our process died, or PostgreSQL's that was at it. */
export function processDied(before?: string): string {
  const said = before?.startsWith('process_died') === true ? undefined : before;
  return said === undefined ? 'process_died' : `process_died: before it ${said}`.slice(0, longestReason);
}
