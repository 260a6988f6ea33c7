import { z } from 'zod';
import { invalid } from '../api/stripe-error.js';

/** Checks a JSON body (or a form) sent to one of the simulator's own routes; refusals have Stripe's error shape too. */
export function parseControl<S extends z.ZodType>(schema: S, body: unknown): z.output<S> {
  const parsed = schema.safeParse(body ?? {});
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = [...(issue?.path ?? []), ...(issue?.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [])].join(
    '.',
  );
  const message = issue?.message ?? 'Invalid body';
  throw invalid(field, field === '' ? message : `${field}: ${message}`);
}

/** A number in JSON, refused in words that name what is allowed. */
export function number(min: number, max: number) {
  const error = `must be a number from ${min} to ${max}`;
  return z.number({ error }).min(min, { error }).max(max, { error });
}

/** The same without a fraction. */
export function whole(min: number, max: number) {
  const error = `must be a whole number from ${min} to ${max}`;
  return z.number({ error }).int({ error }).min(min, { error }).max(max, { error });
}
