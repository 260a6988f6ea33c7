import { z } from 'zod';
import { invalid, StripeFault } from './stripe-error.js';

/*
 * Building blocks for what a route accepts. Everything arrives as text, because Stripe's v1 API is form-encoded.
 * An object made with `params` refuses every key it does not list.
 */
export const params = z.strictObject;
export const text = z.string().min(1).max(5000);
/** Stripe takes an empty value as "unset this". */
export const unsettable = z.string().max(5000);
export const flag = z.enum(['true', 'false']).transform((value) => value === 'true');
export const integer = z
  .string()
  .refine((value) => /^-?\d{1,15}$/.test(value), {
    params: { code: 'parameter_invalid_integer' },
    error: (issue) => `Invalid integer: ${String(issue.input)}`,
  })
  .transform(Number);

interface MetadataChange {
  clear: boolean;
  values: Record<string, string>;
}
export const metadata = z
  .union([
    z.literal('').transform((): MetadataChange => ({ clear: true, values: {} })),
    z.record(z.string().max(40), z.string().max(500)).transform((values): MetadataChange => ({ clear: false, values })),
  ])
  .refine(({ values }) => Object.keys(values).length <= 50, { error: 'Metadata can hold at most 50 keys' });

const range = params({
  gt: integer.optional(),
  gte: integer.optional(),
  lt: integer.optional(),
  lte: integer.optional(),
});
export const created = z.union([integer.transform((at) => ({ gte: at, lte: at })), range]);
export type CreatedRange = { gt?: number; gte?: number; lt?: number; lte?: number };

export const paging = {
  limit: integer.refine((limit) => limit >= 1 && limit <= 100, { error: 'Must be between 1 and 100' }).optional(),
  starting_after: text.optional(),
  ending_before: text.optional(),
};

/** Sets, replaces and (with an empty value) removes keys, as Stripe merges metadata. */
export function mergeMetadata(
  before: Record<string, string>,
  change: MetadataChange | undefined,
): Record<string, string> {
  if (change === undefined) return before;
  const merged = { ...(change.clear ? {} : before), ...change.values };
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== ''));
}

/** Parses what a request sent; throws the fault Stripe would answer: unknown before missing before invalid. */
export function parseParams<S extends z.ZodType>(schema: S, raw: unknown): z.output<S> {
  const parsed = schema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.flatMap((issue) => toFaults(issue, raw));
  throw faults.sort((a, b) => rank(a) - rank(b))[0] ?? invalid('', 'Invalid request');
}

const rank = ({ body }: StripeFault) => ['parameter_unknown', 'parameter_missing'].indexOf(body.error.code ?? '') >>> 0;

function toFaults(issue: z.core.$ZodIssue, raw: unknown): StripeFault[] {
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownParameter(bracketed([...issue.path, key])));
    case 'invalid_union': {
      const nested = issue.errors.flat().filter((inner) => inner.code === 'unrecognized_keys');
      if (nested.length > 0) {
        return nested.flatMap((inner) => toFaults({ ...inner, path: [...issue.path, ...inner.path] }, raw));
      }
      return [fault(issue, raw)];
    }
    default:
      return [fault(issue, raw)];
  }
}

function fault(issue: z.core.$ZodIssue, raw: unknown): StripeFault {
  const param = bracketed(issue.path);
  const value = issue.path.reduce(childOf, raw);
  if (value === undefined) return invalid(param, `Missing required param: ${param}.`, 'parameter_missing');
  if (value === '') {
    return invalid(
      param,
      `You passed an empty string for '${param}', which cannot be unset.`,
      'parameter_invalid_empty',
    );
  }
  if (issue.code === 'invalid_value') {
    return invalid(param, `Invalid ${param}: must be one of ${issue.values.map(String).join(', ')}`);
  }
  const code: unknown = issue.code === 'custom' ? issue.params?.code : undefined;
  return invalid(param, issue.message, typeof code === 'string' ? code : undefined);
}

const unknownParameter = (param: string) => invalid(param, `Received unknown parameter: ${param}`, 'parameter_unknown');

/** `['items', 0, 'price']` → `items[0][price]`, the way Stripe names a parameter. */
function bracketed(path: readonly PropertyKey[]): string {
  const [first, ...rest] = path.map(String);
  return (first ?? '') + rest.map((part) => `[${part}]`).join('');
}

function childOf(parent: unknown, key: PropertyKey): unknown {
  return typeof parent === 'object' && parent !== null ? Reflect.get(parent, key) : undefined;
}
