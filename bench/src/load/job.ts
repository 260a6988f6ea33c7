import { z } from 'zod';

/** A stretch of the feed: which run's ids, from which event, how many. */
const stretch = { run: z.string(), from: z.int().nonnegative(), count: z.int().positive() };

export const publishJob = z.object({ ...stretch, rabbitmqUrl: z.string() });
export type PublishJob = z.infer<typeof publishJob>;
export const publishResult = z.object({ seconds: z.number() });

/** Each connection sends its next event when the answer to the one before is there. */
export const deliverJob = z.object({
  ...stretch,
  port: z.int(),
  secret: z.string(),
  connections: z.int().positive(),
  /** The first so many are not measured. */
  warmUp: z.int().nonnegative(),
});
export type DeliverJob = z.infer<typeof deliverJob>;
export const deliverResult = z.object({
  /** When the first one after the warm-up was sent, in ms since 1970. */
  startedAt: z.number(),
  /** Answers of 200 a second. */
  rate: z.number(),
  p50: z.number(),
  p99: z.number(),
  /** Answers other than 200, warm-up included. */
  errors: z.int(),
});
export type DeliverResult = z.infer<typeof deliverResult>;
