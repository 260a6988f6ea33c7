type ErrorType = 'invalid_request_error' | 'idempotency_error' | 'card_error' | 'api_error';

interface ErrorBody {
  error: { type: ErrorType; message: string; code?: string; param?: string; doc_url?: string };
}

interface FaultInput {
  status: number;
  message: string;
  type?: ErrorType;
  code?: string;
  param?: string;
}

/**
 * An answer other than 200, in Stripe's shape: the SDK takes a body without an `error` key for success, even with 404.
 */
export class StripeFault extends Error {
  readonly status: number;
  readonly body: ErrorBody;

  constructor({ status, message, type = 'invalid_request_error', code, param }: FaultInput) {
    super(message);
    this.status = status;
    const details =
      code === undefined ? {} : { code, doc_url: `https://docs.stripe.com/error-codes#${toAnchor(code)}` };
    this.body = { error: { type, message, ...details, ...(param !== undefined && { param }) } };
  }
}

const toAnchor = (code: string) => code.replaceAll('_', '-');

export const unknownPath = (method: string, path: string) =>
  new StripeFault({ status: 404, message: `Unrecognized request URL (${method}: ${path}). See the API reference.` });

/** A path that names nothing is 404; a parameter that names nothing is 400 and says which. */
export const noSuch = (noun: string, id: string, param?: string) =>
  new StripeFault({
    status: param === undefined ? 404 : 400,
    code: 'resource_missing',
    message: `No such ${noun}: '${id}'`,
    param: param ?? 'id',
  });

/** Like Stripe, most refusals of a value bear no `code`, only `param`. */
export const invalid = (param: string, message: string, code?: string) =>
  new StripeFault({ status: 400, message, param, ...(code !== undefined && { code }) });

/** What the path names; throws `resource_missing` with 404 when there is no such thing. */
export function found<T>(table: ReadonlyMap<string, T>, id: string, noun: string): T {
  const row = table.get(id);
  if (row === undefined) throw noSuch(noun, id);
  return row;
}

interface Reference<T> {
  table: ReadonlyMap<string, T>;
  id: string;
  noun: string;
  param: string;
}

/** What a parameter names; throws `resource_missing` with 400 and the parameter when there is no such thing. */
export function referenced<T>({ table, id, noun, param }: Reference<T>): T {
  const row = table.get(id);
  if (row === undefined) throw noSuch(noun, id, param);
  return row;
}
