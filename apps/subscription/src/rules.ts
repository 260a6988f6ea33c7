import type { GraceDays, PlanCatalogue } from '@billhook/billing';
import type { Rules } from './ledger/ledger.js';

export type Clock = () => Date;

/** What the rules are applied with, at the moment they are asked for. */
export class RulesSource {
  constructor(
    private readonly catalogue: () => PlanCatalogue,
    private readonly graceDays: GraceDays,
    private readonly clock: Clock = () => new Date(),
  ) {}

  now(): Rules {
    return { catalogue: this.catalogue(), graceDays: this.graceDays, now: this.clock() };
  }
}
