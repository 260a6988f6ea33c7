import type { NotUnderstood } from '@billhook/billing';
import { Gauge } from 'prom-client';
import type { NotUnderstoodGroup } from './not-understood.store.js';

const subscriptions = new Gauge({
  name: 'billhook_subscriptions_not_understood',
  help: 'Living subscriptions in a status, or on a price, that nobody here knows: they keep the tier they had.',
  labelNames: ['code'],
});
const codes: readonly NotUnderstood[] = ['status_unknown', 'price_unknown'];

export function showNotUnderstood(groups: readonly NotUnderstoodGroup[]): void {
  for (const code of codes) {
    const counts = groups.filter((group) => group.code === code).map(({ count }) => count);
    subscriptions.set(
      { code },
      counts.reduce((sum, count) => sum + count, 0),
    );
  }
}
