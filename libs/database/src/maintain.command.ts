import { loadConfigOrExit, messageOf } from '@billhook/runtime';
import { maintain } from './maintenance.store.js';
import type { MaintenanceTask } from './maintenance.store.js';
import { MigrateConfig } from './migrate.command.js';
import type { ServiceSchema } from './migrations.store.js';

export interface MaintainCommand<T extends MigrateConfig> {
  schema: ServiceSchema['schema'];
  Config: new () => T;
  tasks: (config: T) => MaintenanceTask[];
}

/** The body of a service's `maintain.command.ts`: does the upkeep, says what it did, exits 0 or 1. */
export async function runMaintainCommand<T extends MigrateConfig>(command: MaintainCommand<T>): Promise<void> {
  const { schema, Config, tasks } = command;
  const config = loadConfigOrExit(Config, `${schema} maintenance`);
  const { DATABASE_ADMIN_URL: adminUrl, DATABASE_URL: serviceUrl } = config;
  try {
    const done = await maintain({ adminUrl, serviceUrl, schema, tasks: tasks(config) });
    for (const line of done.length === 0 ? ['nothing to do'] : done) process.stdout.write(`${schema}: ${line}\n`);
  } catch (error) {
    const reason = messageOf(error);
    process.stderr.write(`${schema}: maintenance failed: ${reason}\n`);
    process.exitCode = 1;
  }
}
