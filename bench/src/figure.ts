/** One measured figure. Names are stable: they are what two runs are compared by. */
export interface Figure {
  /** E.g. `accept.32.rate_ratio`. */
  figure: string;
  value: number;
  /** `ratio`, `ms`, `events/s`, `MB`, `CPU s`. */
  unit: string;
  /** The bound as a person reads it, e.g. `>= 0.90`; null where a figure is only reported. */
  goal: string | null;
  /** Null where there is no goal. */
  holds: boolean | null;
}

/** To what a reader can use, of figures and bounds alike: a figure is judged by what is shown of both. */
const rounded = (value: number): number => Number(value.toPrecision(4));

export function atLeast(bound: number): Goal {
  return { text: `>= ${rounded(bound)}`, holds: (value) => value >= rounded(bound) };
}

export function atMost(bound: number): Goal {
  return { text: `<= ${rounded(bound)}`, holds: (value) => value <= rounded(bound) };
}

export interface Goal {
  text: string;
  holds: (value: number) => boolean;
}

/** A figure with its goal, or without one where it is only reported; rounded. */
export function figure(name: string, value: number, unit: string, goal?: Goal): Figure {
  const shown = rounded(value);
  return { figure: name, value: shown, unit, goal: goal?.text ?? null, holds: goal?.holds(shown) ?? null };
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** By linear interpolation between the closest ranks; `q` from 0 to 1. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const position = (sorted.length - 1) * q;
  const [low, high] = [sorted[Math.floor(position)], sorted[Math.ceil(position)]];
  if (low === undefined || high === undefined) throw new Error('no values to take a quantile of');
  return low + (high - low) * (position - Math.floor(position));
}
