import type { ServiceSchema } from '@billhook/database';
import { createMonthlyPartitions } from './intake/raw-event-partitions.store.js';
import { CreateSubscription1795392000000 } from './migrations/1795392000000-create-subscription.js';

export const schema: ServiceSchema = {
  schema: 'subscription',
  migrations: [CreateSubscription1795392000000],
  maintenance: (query) => createMonthlyPartitions(query, new Date()),
};
