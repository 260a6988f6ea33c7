import type { ServiceSchema } from '@billhook/database';
import { CreateGateway1763856000000 } from './migrations/1763856000000-create-gateway.js';
import { AddRetries1796000000001 } from './migrations/1796000000001-add-retries.js';
import { RememberPrices1796700000000 } from './migrations/1796700000000-remember-prices.js';
import { RememberUsedForms1796800000000 } from './migrations/1796800000000-remember-used-forms.js';
import { AddRateLimits1796800000100 } from './migrations/1796800000100-add-rate-limits.js';

export const schema: ServiceSchema = {
  schema: 'gateway',
  migrations: [
    CreateGateway1763856000000,
    AddRetries1796000000001,
    RememberPrices1796700000000,
    RememberUsedForms1796800000000,
    AddRateLimits1796800000100,
  ],
};
