/** What pino makes of an error: its type, its words and all of its own fields. */
interface SerializedError {
  type?: unknown;
  message?: unknown;
  stack?: unknown;
  code?: unknown;
  aggregateErrors?: unknown;
}

/**
 * The part of an error that may stand in a log: what failed and where, with the words of its causes. Its other fields hold what
 * it failed with: TypeORM's errors carry the parameters of the query (whole events) and PostgreSQL's detail (whole rows).
 */
export function loggedError(error: unknown): unknown {
  if (!isSerialized(error)) return error;
  const { type, message, stack, code, aggregateErrors } = error;
  const gathered: unknown[] | undefined = Array.isArray(aggregateErrors) ? aggregateErrors : undefined;
  return { type, message, stack, code, ...(gathered && { aggregateErrors: gathered.map(loggedError) }) };
}

function isSerialized(error: unknown): error is SerializedError {
  return typeof error === 'object' && error !== null;
}
