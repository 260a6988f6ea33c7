import { createVirtualHost, deleteVirtualHost, inVirtualHost } from '@billhook/testing';
import type { Infrastructure } from '@billhook/testing';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';

const owners = ['gateway', 'subscription', 'audit'] as const;
type Owner = (typeof owners)[number];

/** A database and a virtual host for one system. */
export interface Place {
  databaseAdminUrl: string;
  databaseUrls: Record<Owner, string>;
  rabbitmqUrl: string;
  /** Where the audit service notes its checkpoints. */
  checkpointPath: string;
  /** Removes what was made, where it would outlive the servers. */
  remove(): Promise<void>;
}

async function asAdmin(url: string, statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

function databaseUrl(adminUrl: string, database: string, role: string): string {
  const url = new URL(adminUrl);
  url.pathname = `/${database}`;
  url.username = role;
  url.password = randomBytes(12).toString('hex');
  return url.toString();
}

/**
 * On servers of this run alone, plain names and the broker's own virtual host. On somebody's servers, names that no other
 * run has, and everything removed again afterwards.
 */
export async function preparePlace(infrastructure: Infrastructure): Promise<Place> {
  const isShared = infrastructure.source === 'environment';
  const suffix = isShared ? `_${randomBytes(4).toString('hex')}` : '';
  const database = `billhook${suffix}`;
  const role = (owner: Owner): string => `${owner}${suffix}`;
  const urlOf = (owner: Owner): string => databaseUrl(infrastructure.databaseAdminUrl, database, role(owner));
  await asAdmin(infrastructure.databaseAdminUrl, [`CREATE DATABASE ${database}`]);
  const folder = await mkdtemp(join(tmpdir(), 'billhook-checkpoints-'));
  if (isShared) await createVirtualHost(infrastructure.rabbitmqManagementUrl, database);
  return {
    databaseAdminUrl: infrastructure.databaseAdminUrl,
    databaseUrls: { gateway: urlOf('gateway'), subscription: urlOf('subscription'), audit: urlOf('audit') },
    rabbitmqUrl: isShared ? inVirtualHost(infrastructure.rabbitmqUrl, database) : infrastructure.rabbitmqUrl,
    checkpointPath: join(folder, 'checkpoints.ndjson'),
    remove: async () => {
      await rm(folder, { recursive: true, force: true });
      if (!isShared) return;
      const roles = owners.flatMap((owner) => [role(owner), `${role(owner)}_owner`]);
      await asAdmin(infrastructure.databaseAdminUrl, [
        `DROP DATABASE ${database} WITH (FORCE)`,
        ...roles.map((name) => `DROP ROLE IF EXISTS ${name}`),
      ]);
      await deleteVirtualHost(infrastructure.rabbitmqManagementUrl, database);
    },
  };
}
