import { z } from 'zod';
import { number, whole } from '../control/body.js';

/**
 * What `POST /_simulator/history` takes. A past of at most 27 days: no month that began in it is over yet, and Stripe
 * still lists all of its events.
 */
export const historyRequest = z
  .strictObject({
    subscriptions: whole(1, 100_000).default(10_000),
    events: whole(2, 500_000).default(100_000),
    days: whole(1, 27).default(25),
    /** The share of the events that no endpoint has taken. */
    undelivered: number(0, 1).default(0),
  })
  .refine(({ subscriptions, events }) => events >= 2 * subscriptions, {
    path: ['events'],
    error: 'must be at least two for each subscription: its customer and itself are created',
  });
export type HistoryRequest = z.output<typeof historyRequest>;
