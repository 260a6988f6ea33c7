import type { Choice } from './parked-events.client.js';

/** What the form of a replay holds. */
export interface ReplayForm {
  choice: Choice;
  /** Why: it goes into the trail. */
  note: string;
  cursor: string | undefined;
}

export function readChoice(fields: unknown): Choice {
  return { id: textOf(fields, 'id'), reason: textOf(fields, 'reason'), type: textOf(fields, 'type') };
}

/** `note` is empty when none was written. */
export function readReplayForm(fields: unknown): ReplayForm {
  return { choice: readChoice(fields), note: textOf(fields, 'note') ?? '', cursor: textOf(fields, 'cursor') };
}

/** One text that is not blank; white space at its ends is dropped. */
export function textOf(fields: unknown, name: string): string | undefined {
  const value = fieldsOf(fields)[name];
  const text = typeof value === 'string' ? value.trim() : '';
  return text === '' ? undefined : text;
}

/** Whatever came as a query or a form. */
export function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}

/** In words: which events a choice means. */
export function choiceText({ id, reason, type }: Choice): string {
  if (id !== undefined) return `the parked event ${id}`;
  if (reason === undefined && type === undefined) return 'all parked events';
  const parts = [reason === undefined ? '' : ` for ${reason}`, type === undefined ? '' : ` of the type ${type}`];
  return `the events parked${parts.join('')}`;
}
