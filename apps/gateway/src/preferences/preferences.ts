import { plansOf } from '@billhook/billing';
import type { Plan, PlanCatalogue } from '@billhook/billing';
import type { Entitlements } from '@billhook/contracts';
import type { Theme } from '@billhook/pages';
import { Refused } from '@billhook/runtime';

export const channels = ['email', 'sms'] as const;
export type Channel = (typeof channels)[number];

/** What somebody has chosen for themselves, as `/v1/preferences` carries it. */
export interface Preferences {
  theme: Theme;
  /** By which ways alerts are sent. */
  notifications: Record<Channel, boolean>;
  /** What is worth an alert: volume over its usual by this much, and not below that minimum. */
  alert_thresholds: { volume_multiple: number; minimum_volume: number };
}

/** Of who has never chosen. */
export const defaultPreferences: Preferences = {
  theme: 'system',
  notifications: { email: false, sms: false },
  alert_thresholds: { volume_multiple: 2, minimum_volume: 0 },
};

/** What a threshold may be, with at most two decimals. */
export const thresholdLimits = {
  volume_multiple: { least: 1, most: 1_000 },
  minimum_volume: { least: 0, most: 1e15 },
} as const;

/** The entitlement that a channel needs. */
const needs: Record<Channel, 'email_alerts' | 'sms_alerts'> = { email: 'email_alerts', sms: 'sms_alerts' };

export function channelsOf(entitlements: Entitlements): Channel[] {
  return channels.filter((channel) => entitlements[needs[channel]]);
}

/** What counts now: a channel that the plan lacks is off, and on again as it was chosen once a plan has it. */
export function inEffect(chosen: Preferences, entitlements: Entitlements): Preferences {
  const available = channelsOf(entitlements);
  const isOn = (channel: Channel): boolean => chosen.notifications[channel] && available.includes(channel);
  return { ...chosen, notifications: { email: isOn('email'), sms: isOn('sms') } };
}

/** The first channel that is wanted and not included, with the lowest plan that has it (null: none has). */
export function missingChannel(
  wanted: Preferences,
  entitlements: Entitlements,
  catalogue: PlanCatalogue,
): { channel: Channel; plan: Plan | null } | null {
  const available = channelsOf(entitlements);
  const channel = channels.find((each) => wanted.notifications[each] && !available.includes(each));
  if (channel === undefined) return null;
  return { channel, plan: planWith(channel, catalogue) };
}

/** The lowest plan that has a channel; null where none has. */
export function planWith(channel: Channel, catalogue: PlanCatalogue): Plan | null {
  return plansOf(catalogue).find((plan) => plan.entitlements[needs[channel]]) ?? null;
}

/** Throws Refused not_entitled when a channel is wanted that the plan lacks, with the tier that has it. */
export function refuseMissing(wanted: Preferences, entitlements: Entitlements, catalogue: PlanCatalogue): void {
  const missing = missingChannel(wanted, entitlements, catalogue);
  if (missing === null) return;
  const { channel, plan } = missing;
  if (plan === null) throw new Refused('not_entitled', `no plan includes ${words[channel]}`);
  const detail = `${words[channel]} come with ${plan.name}`;
  throw new Refused('not_entitled', detail, { channel, required_tier: plan.tier });
}

const words: Record<Channel, string> = { email: 'e-mail alerts', sms: 'SMS alerts' };
