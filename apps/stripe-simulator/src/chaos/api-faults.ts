import { chance } from './chance.js';
import type { ApiFault } from './chaos.request.js';

interface Tally {
  rule: ApiFault;
  /** Requests that matched so far. */
  seen: number;
  hit: number;
}

/** Which request meets which fault: decided by the rule and the request's place among those the rule matches. */
export class ApiFaults {
  private readonly tallies: Tally[];

  constructor(
    private readonly seed: number,
    rules: readonly ApiFault[],
  ) {
    this.tallies = rules.map((rule) => ({ rule, seen: 0, hit: 0 }));
  }

  /** The fault of the next request, from the first rule that hits it, or null. */
  next(method: string, path: string): ApiFault | null {
    return this.tallies.find((tally, index) => this.isHit(tally, { index, method, path }))?.rule ?? null;
  }

  private isHit(tally: Tally, { index, method, path }: { index: number; method: string; path: string }): boolean {
    const { rule } = tally;
    if (!path.startsWith(rule.path) || method !== (rule.method ?? method)) return false;
    if (tally.hit >= (rule.count ?? Infinity)) return false;
    tally.seen += 1;
    if (chance(this.seed, 'api', index, tally.seen) >= rule.probability) return false;
    tally.hit += 1;
    return true;
  }
}
