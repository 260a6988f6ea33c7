import type { Infrastructure } from '../infrastructure/infrastructure.js';
import { runVariable } from './run-variables.js';

/** The servers that Jest's global setup started, for a spec that starts a whole system on them. Stopping is not its business. */
export function infrastructureOfThisRun(): Infrastructure {
  return {
    databaseAdminUrl: runVariable('databaseAdminUrl'),
    rabbitmqUrl: runVariable('rabbitmqUrl'),
    rabbitmqManagementUrl: runVariable('managementUrl'),
    source: 'environment',
    stop: () => Promise.resolve(),
  };
}
