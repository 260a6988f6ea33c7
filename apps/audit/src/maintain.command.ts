import { runMaintainCommand } from '@billhook/database';
import { AuditMaintainConfig, maintenanceTasks } from './maintenance.js';

await runMaintainCommand({
  schema: 'audit',
  Config: AuditMaintainConfig,
  tasks: (config) => maintenanceTasks(config, new Date()),
});
