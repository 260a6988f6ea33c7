import type { Figure } from '../figure.js';

/** The last words of a run: a part that broke has no figures, so what it was to hold is not known to hold. */
export function conclusionOf(measured: readonly Figure[], broken: readonly string[]): string {
  const misses = measured.filter(({ holds }) => holds === false);
  const missing = misses.map(({ figure, value, unit, goal }) => `  ${figure}: ${value} ${unit}, goal ${goal ?? ''}`);
  const lines = [
    ...(missing.length > 0 ? ['goals that miss:', ...missing] : []),
    ...(broken.length > 0 ? [`not measured, because they broke: ${broken.join(', ')}`] : []),
  ];
  return lines.length > 0 ? lines.join('\n') : 'every goal holds';
}
