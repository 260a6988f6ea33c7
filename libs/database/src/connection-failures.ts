/**
 * SQLSTATE classes in which the database's surroundings failed rather than the statement: connection (08), resources (53),
 * operator intervention such as a restart (57P) or a statement that was cancelled or took too long (57014), system error (58),
 * transactions that lost to a concurrent one (40), a lock that others held for too long (55P03), and a session that the server
 * ended because we stood still in a transaction (25P03). PostgreSQL documentation, appendix "PostgreSQL Error Codes".
 */
const transientStates = /^(08|53|57|58|40|55P03|25P03)/;
/** A failover left us on a server that only reads. */
const readOnly = '25006';
const socketCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);
/** pg, pg-pool and TypeORM report these without any code. */
const wordings =
  /Connection terminated|Client has encountered a connection error|timeout exceeded when trying to connect|Query read timeout|Cannot use a pool after calling end|Driver not Connected|server closed the connection/i;
/** TypeORM's name for a backend that was killed in the middle of a transaction: it carries no SQLSTATE. */
const driverErrors = new Set([
  'QueryRunnerAlreadyReleasedError',
  'QueryRunnerProviderAlreadyReleasedError',
  'ConnectionNotFoundError',
  'CannotExecuteNotConnectedError',
]);

/** True when trying the same statement later may work, whatever the event says: such a failure never counts against it. */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (driverErrors.has(error.name) || wordings.test(error.message)) return true;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  if (code !== undefined && (socketCodes.has(code) || code === readOnly || transientStates.test(code))) return true;
  if (error instanceof AggregateError) return error.errors.some(isDatabaseUnavailable);
  return isDatabaseUnavailable(error.cause);
}

/** pg's own words for a connection that ended, without a word of the server's, while a query was under way; it gives them no code. */
const endedUnsaid = 'Connection terminated unexpectedly';

/**
 * The server process that worked on this query is gone and has said nothing. One that is told to end says so (57P01), and so do all
 * others when one of them crashes (57P02, in a notice: impatient.client): it is the one that crashed which is silent. A cable that
 * is cut is mostly reset instead, which has a code of the socket's.
 */
export function hasServerVanished(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return (error.message === endedUnsaid && !hasCode(error)) || hasServerVanished(error.cause);
}

function hasCode(error: Error): boolean {
  return 'code' in error && typeof error.code === 'string';
}
