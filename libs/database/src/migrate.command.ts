import { DatabaseUrl, loadConfigOrExit, messageOf } from '@billhook/runtime';
import { migrate } from './migrations.store.js';
import type { ServiceSchema } from './migrations.store.js';

/** What a service's migrate step reads. */
export class MigrateConfig {
  @DatabaseUrl()
  DATABASE_ADMIN_URL: string;

  @DatabaseUrl()
  DATABASE_URL: string;
}

/** The body of every service's `migrate.command.ts`: migrates, says what it did, exits 0 or 1. */
export async function runMigrateCommand(service: ServiceSchema): Promise<void> {
  const config = loadConfigOrExit(MigrateConfig, `${service.schema} migrations`);
  try {
    const ran = await migrate({ adminUrl: config.DATABASE_ADMIN_URL, serviceUrl: config.DATABASE_URL, service });
    process.stdout.write(`${service.schema}: ${ran.length === 0 ? 'up to date' : `ran ${ran.join(', ')}`}\n`);
  } catch (error) {
    process.stderr.write(`${service.schema}: migration failed: ${messageOf(error)}\n`);
    process.exitCode = 1;
  }
}
