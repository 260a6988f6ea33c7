import { runMaintainCommand } from '@billhook/database';
import { SubscriptionMaintainConfig, maintenanceTasks } from './maintenance.js';

await runMaintainCommand({
  schema: 'subscription',
  Config: SubscriptionMaintainConfig,
  tasks: (config) => maintenanceTasks(config, new Date()),
});
