import { priceProblemCodes } from '@billhook/billing';
import type { PriceProblem } from '@billhook/billing';
import { Gauge } from 'prom-client';

const problems = new Gauge({
  name: 'billhook_catalogue_problems',
  help: 'Prices in the settings that are not as Stripe has them, by code. /health/ready names each.',
  labelNames: ['code'],
});
const checkedAt = new Gauge({
  name: 'billhook_catalogue_checked_timestamp_seconds',
  help: 'When Stripe last answered for all prices; 0 if it has not since the start.',
});

export function showChecked(found: readonly PriceProblem[], at: Date): void {
  for (const code of priceProblemCodes) {
    problems.set({ code }, found.filter((problem) => problem.code === code).length);
  }
  checkedAt.set(at.getTime() / 1000);
}
