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
