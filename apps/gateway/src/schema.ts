import type { ServiceSchema } from '@billhook/database';
import { CreateGateway1763856000000 } from './migrations/1763856000000-create-gateway.js';
import { AddRetries1796000000001 } from './migrations/1796000000001-add-retries.js';
import { AdoptCustomers1796700000200 } from './migrations/1796700000200-adopt-customers.js';
import { RecordTrials1796700000100 } from './migrations/1796700000100-record-trials.js';
import { RememberPrices1796700000000 } from './migrations/1796700000000-remember-prices.js';
import { RememberUsedForms1796800000000 } from './migrations/1796800000000-remember-used-forms.js';
import { AddRateLimits1796800000100 } from './migrations/1796800000100-add-rate-limits.js';
import { AddPreferences1796800000200 } from './migrations/1796800000200-add-preferences.js';
import { AddReadingProgress1796800000300 } from './migrations/1796800000300-add-reading-progress.js';
import { AddPlanChange1796900000000 } from './migrations/1796900000000-add-plan-change.js';
import { AskForPulls1796900000100 } from './migrations/1796900000100-ask-for-pulls.js';
import { CountFailedTries1797500000000 } from './migrations/1797500000000-count-failed-tries.js';
import { RememberErasures1797200000000 } from './migrations/1797200000000-remember-erasures.js';

export const schema: ServiceSchema = {
  schema: 'gateway',
  migrations: [
    CreateGateway1763856000000,
    AddRetries1796000000001,
    RememberPrices1796700000000,
    RecordTrials1796700000100,
    AdoptCustomers1796700000200,
    RememberUsedForms1796800000000,
    AddRateLimits1796800000100,
    AddPreferences1796800000200,
    AddReadingProgress1796800000300,
    AddPlanChange1796900000000,
    AskForPulls1796900000100,
    RememberErasures1797200000000,
    CountFailedTries1797500000000,
  ],
};
