import { z } from 'zod';
import type { Figure } from '../figure.js';

const figures = z.array(
  z.object({
    figure: z.string(),
    value: z.number(),
    unit: z.string(),
    goal: z.string().nullable(),
    holds: z.boolean().nullable(),
  }),
);

/** `bench/results.json` as figures; throws where it is not what this program writes. */
export function readResults(json: string): Figure[] {
  return figures.parse(JSON.parse(json));
}

export function writeResults(results: readonly Figure[]): string {
  return `${JSON.stringify(results, null, 2)}\n`;
}

/** The new figures over the old ones of the same name, sorted by name. */
export function mergeResults(old: readonly Figure[], fresh: readonly Figure[]): Figure[] {
  const byName = new Map([...old, ...fresh].map((each) => [each.figure, each]));
  return [...byName.values()].toSorted((a, b) => compareNames(a.figure, b.figure));
}

/** Numbers inside a name by their size: `end_to_end.50` before `end_to_end.1000`. The same in every locale. */
function compareNames(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}
