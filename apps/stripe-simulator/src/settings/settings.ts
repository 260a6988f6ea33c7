import { z } from 'zod';
import { isVersion, newestVersion, versionRule } from '../versions/api-version.js';

const exhausted = z.enum(['cancel', 'unpaid', 'past_due', 'pause'], {
  error: 'must be one of cancel, unpaid, past_due, pause',
});

const version = z.string({ error: versionRule }).refine(isVersion, { error: versionRule });

/**
 * What an account sets in Stripe's Dashboard. Every field is optional in a request; what is left out stays as it is.
 * `retry_after_days`: how many days after each failed attempt the next one follows; after the last, `when_exhausted`.
 */
export const settingsRequest = z.strictObject({
  api_version: version.optional(),
  dunning: z
    .strictObject({
      retry_after_days: z.array(z.number().int().min(1).max(60)).max(8).optional(),
      when_exhausted: exhausted.optional(),
    })
    .optional(),
  webhook: z
    .strictObject({
      api_version: version.nullable().optional(),
      thin: z.boolean({ error: 'must be true or false' }).optional(),
    })
    .optional(),
});
type SettingsChange = z.output<typeof settingsRequest>;

export interface Settings {
  /** Of requests that name no version, and of events. */
  api_version: string;
  dunning: { retry_after_days: number[]; when_exhausted: z.output<typeof exhausted> };
  /** `api_version` null: the account's. `thin`: a v2 event goes out beside each snapshot. */
  webhook: { api_version: string | null; thin: boolean };
}

/** A new account: three retries over a fortnight, then the subscription is cancelled. */
export const initialSettings: Settings = {
  api_version: newestVersion,
  dunning: { retry_after_days: [3, 5, 7], when_exhausted: 'cancel' },
  webhook: { api_version: null, thin: false },
};

export const withSettings = (before: Settings, { api_version, dunning, webhook }: SettingsChange): Settings => ({
  api_version: api_version ?? before.api_version,
  dunning: {
    retry_after_days: dunning?.retry_after_days ?? before.dunning.retry_after_days,
    when_exhausted: dunning?.when_exhausted ?? before.dunning.when_exhausted,
  },
  webhook: {
    api_version: webhook?.api_version === undefined ? before.webhook.api_version : webhook.api_version,
    thin: webhook?.thin ?? before.webhook.thin,
  },
});
