import type { ServiceSchema } from '@billhook/database';
import { CreateGateway1763856000000 } from './migrations/1763856000000-create-gateway.js';

export const schema: ServiceSchema = { schema: 'gateway', migrations: [CreateGateway1763856000000] };
