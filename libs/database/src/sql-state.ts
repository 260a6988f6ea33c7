/** PostgreSQL's codes for what was merely held up (its documentation, appendix "PostgreSQL Error Codes"). */
const states = {
  /** Others held a lock for longer than this session was willing to wait. */
  lock_not_available: '55P03',
  /** A statement took longer than its connection allows, or somebody cancelled it. */
  query_canceled: '57014',
} as const;

/** Whether PostgreSQL itself said so: an error that only wraps one of its own does not count. */
export function hasSqlState(error: unknown, name: keyof typeof states): boolean {
  return error instanceof Error && 'code' in error && error.code === states[name];
}
