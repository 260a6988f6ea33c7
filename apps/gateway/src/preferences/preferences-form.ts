import { thresholdLimits } from './preferences.js';
import type { Preferences } from './preferences.js';

/** The texts of the form, as they were typed. */
export interface TypedPreferences {
  theme: Preferences['theme'];
  email?: string;
  sms?: string;
  volume_multiple: string;
  minimum_volume: string;
}

type Threshold = keyof typeof thresholdLimits;
/** What is wrong with which field, for whoever typed it. */
export type FieldProblems = Partial<Record<Threshold, string>>;

export type FormReading =
  | { kind: 'read'; preferences: Preferences }
  | { kind: 'unreadable'; problems: FieldProblems; preferences: Omit<Preferences, 'alert_thresholds'> };

export function readForm(typed: TypedPreferences): FormReading {
  const rest = { theme: typed.theme, notifications: { email: typed.email === 'on', sms: typed.sms === 'on' } };
  const volume_multiple = toThreshold('volume_multiple', typed.volume_multiple);
  const minimum_volume = toThreshold('minimum_volume', typed.minimum_volume);
  if (volume_multiple !== null && minimum_volume !== null) {
    return { kind: 'read', preferences: { ...rest, alert_thresholds: { volume_multiple, minimum_volume } } };
  }
  const problems = {
    ...(volume_multiple === null && { volume_multiple: wanted.volume_multiple }),
    ...(minimum_volume === null && { minimum_volume: wanted.minimum_volume }),
  };
  return { kind: 'unreadable', problems, preferences: rest };
}

const wanted: Record<Threshold, string> = {
  volume_multiple: 'Enter a number from 1 to 1,000 with at most two decimals, such as 2.5.',
  minimum_volume: 'Enter a number from 0 to 1,000,000,000,000,000 with at most two decimals, such as 25000.',
};

const decimal = /^\d{1,16}(\.\d{1,2})?$/;

function toThreshold(name: Threshold, text: string): number | null {
  const { least, most } = thresholdLimits[name];
  const number = decimal.test(text.trim()) ? Number(text) : Number.NaN;
  return number >= least && number <= most ? number : null;
}
