import { z } from 'zod';
import { number, whole } from '../control/body.js';

/*
 * What `POST /_simulator/chaos` takes. Every knob is optional; one that is given without a probability is always on.
 */

const threeDays = 3 * 24 * 3600;

/** Refuses fields it does not know, and says which there are. */
const knob = <S extends z.ZodRawShape>(shape: S) =>
  z.strictObject(shape, {
    error: (issue) => {
      const known = Object.keys(shape).join(', ');
      return issue.code === 'unrecognized_keys'
        ? `is unknown; allowed here: ${known}`
        : `must be an object of: ${known}`;
    },
  });

const yesOrNo = z.boolean({ error: 'must be true or false' }).default(false);
const probability = number(0, 1).default(1);

const types = z
  .array(z.string().min(1), { error: 'must be a list of event types; * stands for the rest of one' })
  .optional();

const realDelay = knob({ probability, min_ms: whole(0, 600_000).default(0), max_ms: whole(0, 600_000) }).refine(
  ({ min_ms, max_ms }) => min_ms <= max_ms,
  { path: ['min_ms'], error: 'must not be more than max_ms' },
);
const virtualDelay = knob({
  probability,
  min_seconds: whole(0, threeDays).default(0),
  max_seconds: whole(0, threeDays),
}).refine(({ min_seconds, max_seconds }) => min_seconds <= max_seconds, {
  path: ['min_seconds'],
  error: 'must not be more than max_seconds',
});
const isVirtual = (delay: unknown) => typeof delay === 'object' && delay !== null && 'max_seconds' in delay;
/** Not a union, so that a refusal is about the kind that was meant. */
const delay = z.unknown().transform((raw, context): Delay => {
  const parsed = isVirtual(raw) ? virtualDelay.safeParse(raw) : realDelay.safeParse(raw);
  if (parsed.success) return parsed.data;
  for (const { message, ...issue } of parsed.error.issues) {
    const unknown = issue.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [];
    context.addIssue({ code: 'custom', message, path: [...issue.path, ...unknown], input: raw });
  }
  return z.NEVER;
});
export type Delay = z.output<typeof realDelay> | z.output<typeof virtualDelay>;

const deliveries = knob({
  types,
  duplicate: knob({ probability, copies: whole(1, 100).default(1), concurrent: yesOrNo }).optional(),
  shuffle: knob({ events: whole(2, 1000).default(10), ms: whole(1, 60_000).default(200) }).optional(),
  drop: knob({ probability }).optional(),
  drop_first_attempts: knob({ probability, attempts: whole(1, 8).default(1) }).optional(),
  delay: delay.optional(),
  bad_signature: knob({ probability }).optional(),
  old_secret: knob({
    probability,
    secret: z
      .string({ error: 'must start with whsec_' })
      .startsWith('whsec_', { error: 'must start with whsec_' })
      .optional(),
    with_current: yesOrNo,
  }).optional(),
  thin: knob({ probability }).optional(),
  cut: knob({ probability }).optional(),
  retry_after_ms: whole(0, 60_000).optional(),
});
export type DeliveryChaos = z.output<typeof deliveries>;

const request = {
  method: z.enum(['GET', 'POST', 'DELETE'], { error: 'must be one of GET, POST, DELETE' }).optional(),
  path: z.string({ error: 'must be a path' }).startsWith('/v', { error: 'must start with /v1 or /v2' }).default('/v1/'),
  probability,
  count: whole(1, 1_000_000).optional(),
};
const retryAfter = whole(0, 3600).optional();
const faults = [429, 500, 503, 'hang', 'reset', 'commit_then_reset'] as const;

const apiFault = z.discriminatedUnion(
  'fault',
  [
    knob({ ...request, fault: z.literal(429), retry_after: retryAfter }),
    knob({ ...request, fault: z.literal(500), kept: yesOrNo }),
    knob({ ...request, fault: z.literal(503), retry_after: retryAfter }),
    knob({ ...request, fault: z.literal('hang'), ms: whole(1, 600_000).optional() }),
    knob({ ...request, fault: z.literal('reset') }),
    knob({ ...request, fault: z.literal('commit_then_reset') }),
  ],
  { error: `must be one of ${faults.join(', ')}` },
);
export type ApiFault = z.output<typeof apiFault>;

const isGiven = (value: unknown) => value !== undefined;
const maxSeed = 2 ** 32 - 1;

const omit = knob({ types, probability });

export const chaosRequest = knob({
  seed: whole(0, maxSeed).optional(),
  deliveries: deliveries.optional(),
  omit: omit.optional(),
  api: z.array(apiFault, { error: 'must be a list of faults' }).max(100).optional(),
  rate_limit_per_second: whole(1, 10_000).optional(),
}).refine((given) => [given.deliveries, given.omit, given.api?.[0], given.rate_limit_per_second].some(isGiven), {
  path: ['deliveries'],
  error: 'give deliveries, omit, api or rate_limit_per_second: this would be no chaos (DELETE ends it)',
});
export type ChaosRequest = z.output<typeof chaosRequest>;
