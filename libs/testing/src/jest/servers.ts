import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { startInfrastructure } from '../infrastructure/infrastructure.js';
import type { Infrastructure } from '../infrastructure/infrastructure.js';
import { endWithParent } from '../infrastructure/parent.process.js';
import { deleteVirtualHost, virtualHosts } from '../infrastructure/virtual-hosts.client.js';
import { runVariables } from './run-variables.js';

let started: { infrastructure: Infrastructure; run: string } | undefined;

export async function startForJest(log: (line: string) => void): Promise<void> {
  endWithParent(() => process.exit(1));
  const infrastructure = await startInfrastructure({ log });
  const run = randomBytes(4).toString('hex');
  started = { infrastructure, run };
  process.env[runVariables.run] = run;
  process.env[runVariables.databaseAdminUrl] = infrastructure.databaseAdminUrl;
  process.env[runVariables.rabbitmqUrl] = infrastructure.rabbitmqUrl;
  process.env[runVariables.managementUrl] = infrastructure.rabbitmqManagementUrl;
}

export async function stopForJest(): Promise<void> {
  if (!started) return;
  const { infrastructure, run } = started;
  started = undefined;
  // Private servers vanish with everything in them; on somebody's own server nothing of ours may stay.
  if (infrastructure.source === 'environment') {
    await dropDatabasesOf(run, infrastructure.databaseAdminUrl);
    await dropVirtualHostsOf(run, infrastructure.rabbitmqManagementUrl);
  }

  await infrastructure.stop();
}

async function dropDatabasesOf(run: string, adminUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    const ours = `bh\\_${run}\\_%`;
    const databases = await client.query<{ name: string }>(
      'SELECT datname AS name FROM pg_database WHERE datname LIKE $1',
      [ours],
    );
    for (const { name } of databases.rows) await client.query(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`);
    const roles = await client.query<{ name: string }>('SELECT rolname AS name FROM pg_roles WHERE rolname LIKE $1', [
      ours,
    ]);
    for (const { name } of roles.rows) await client.query(`DROP ROLE IF EXISTS "${name}"`);
  } finally {
    await client.end();
  }
}

async function dropVirtualHostsOf(run: string, managementUrl: string): Promise<void> {
  const ours = (await virtualHosts(managementUrl)).filter((vhost) => vhost.startsWith(`bh_${run}_`));
  for (const vhost of ours) await deleteVirtualHost(managementUrl, vhost);
}
