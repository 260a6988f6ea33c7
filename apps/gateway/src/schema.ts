import type { ServiceSchema } from '@billhook/database';
import { CreateGateway1763856000000 } from './migrations/1763856000000-create-gateway.js';
import { AddRetries1796000000001 } from './migrations/1796000000001-add-retries.js';
import { AddPlanChange1796900000000 } from './migrations/1796900000000-add-plan-change.js';

export const schema: ServiceSchema = {
  schema: 'gateway',
  migrations: [CreateGateway1763856000000, AddRetries1796000000001, AddPlanChange1796900000000],
};
