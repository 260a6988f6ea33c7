import { runProcess } from '@billhook/testing';
import type { Reaper } from '@billhook/testing';
import { join } from 'node:path';
import type { Place } from './place.store.js';
import type { Settings } from './settings.js';

const owners = ['gateway', 'subscription', 'audit'] as const;

/** What a deployment does once per release, by the same compiled commands: migrates the schemas and declares the topology. */
export async function runDeployStep(place: Place, within: { reaper: Reaper; logFolder: string }): Promise<void> {
  const { reaper, logFolder } = within;
  const run = (name: string, script: string, settings: Settings): Promise<void> =>
    runProcess({ reaper, name, script, settings, logFile: join(logFolder, `${name}.log`) });
  await Promise.all([
    ...owners.map((owner) =>
      run(`migrate-${owner}`, `apps/${owner}/src/migrate.command.js`, {
        DATABASE_ADMIN_URL: place.databaseAdminUrl,
        DATABASE_URL: place.databaseUrls[owner],
      }),
    ),
    run('declare-topology', 'apps/webhook-ingress/src/declare-topology.command.js', {
      RABBITMQ_URL: place.rabbitmqUrl,
    }),
  ]);
}
