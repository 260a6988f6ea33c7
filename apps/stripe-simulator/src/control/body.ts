import type { z } from 'zod';
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
