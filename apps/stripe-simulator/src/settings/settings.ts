import { z } from 'zod';

const exhausted = z.enum(['cancel', 'unpaid', 'past_due', 'pause'], {
  error: 'must be one of cancel, unpaid, past_due, pause',
});

/**
 * What an account sets in Stripe's Dashboard. Every field is optional in a request; what is left out stays as it is.
 * `retry_after_days`: how many days after each failed attempt the next one follows; after the last, `when_exhausted`.
 */
export const settingsRequest = z.strictObject({
  dunning: z
    .strictObject({
      retry_after_days: z.array(z.number().int().min(1).max(60)).max(8).optional(),
      when_exhausted: exhausted.optional(),
    })
    .optional(),
});
type SettingsChange = z.output<typeof settingsRequest>;

export interface Settings {
  dunning: { retry_after_days: number[]; when_exhausted: z.output<typeof exhausted> };
}

/** A new account: three retries over a fortnight, then the subscription is cancelled. */
export const initialSettings: Settings = {
  dunning: { retry_after_days: [3, 5, 7], when_exhausted: 'cancel' },
};

export const withSettings = (before: Settings, { dunning }: SettingsChange): Settings => ({
  dunning: {
    retry_after_days: dunning?.retry_after_days ?? before.dunning.retry_after_days,
    when_exhausted: dunning?.when_exhausted ?? before.dunning.when_exhausted,
  },
});
