import { z } from 'zod';
import { tokenMaking } from '../load/user-tokens.js';

export const watchJob = z.object({
  run: z.string(),
  from: z.int().nonnegative(),
  /** Events a second, sent at their moments whatever became of those before. */
  rate: z.number().positive(),
  /** Sent, but not measured: the system is warm before. */
  warmUpSeconds: z.number(),
  seconds: z.number().positive(),
  ingressPort: z.int(),
  gatewayPort: z.int(),
  secret: z.string(),
  /** The gateway's database, to be woken by its notifications. */
  databaseUrl: z.string(),
  ...tokenMaking,
});
export type WatchJob = z.infer<typeof watchJob>;

export const watchResult = z.object({
  /** ms from an event's moment to the answer of `GET /v1/account` that shows it, of each event that was watched. */
  visible: z.array(z.number()),
  /** ms from an event's moment to the ingress's 200, of every measured event. */
  accepted: z.object({ p50: z.number(), p99: z.number() }),
  /** Answers other than 200. */
  refused: z.int(),
  /** Watched, and not seen in time: each is in `visible` with the time after which it was given up. */
  unseen: z.int(),
});
export type WatchResult = z.infer<typeof watchResult>;
