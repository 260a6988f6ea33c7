import { hash } from 'node:crypto';

/**
 * A number in [0, 1) that depends on the seed and the key alone, evenly spread. Decisions are looked up, not drawn one
 * after the other: what is decided about one event does not depend on what is decided meanwhile about another.
 */
export function chance(seed: number, ...key: (string | number)[]): number {
  return Number.parseInt(hash('sha256', [seed, ...key].join('/'), 'hex').slice(0, 12), 16) / 2 ** 48;
}

interface Range {
  min: number;
  max: number;
}

/** A whole number from `min` to `max`, both included. */
export const between = ({ min, max }: Range, at: number) => min + Math.floor(at * (max - min + 1));
