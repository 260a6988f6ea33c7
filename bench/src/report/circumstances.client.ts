import type { Infrastructure } from '@billhook/testing';
import { projectFile } from '@billhook/testing';
import amqp from 'amqplib';
import { execFileSync } from 'node:child_process';
import { cpus, totalmem } from 'node:os';
import pg from 'pg';

const durability = ['fsync', 'synchronous_commit', 'full_page_writes', 'shared_buffers'] as const;

/** By which command what was measured. */
export interface Measured {
  command: string;
  /** As `currentCommit` said when it began: hours later somebody may have committed something else. */
  commit: string;
}

/** Where and with what the figures were measured, as rows of two cells. */
export async function circumstancesOf(
  infrastructure: Infrastructure,
  { command, commit }: Measured,
): Promise<[string, string][]> {
  const processors = cpus();
  const postgres = await postgresSettings(infrastructure.databaseAdminUrl);
  const rabbitmq = await rabbitmqVersion(infrastructure.rabbitmqUrl);
  const set = durability.map((name) => `${name} ${postgres.get(name) ?? '?'}`).join(', ');
  return [
    ['measured', new Date().toISOString().slice(0, 10)],
    ['command', command.includes('ONLY') ? `\`${command}\`; other parts were measured before it` : `\`${command}\``],
    ['machine', `${processors[0]?.model.trim() ?? 'unknown processor'}, ${processors.length} cores, ${memory()}`],
    ['Billhook', commit],
    ['Node', process.version],
    ['PostgreSQL', `${postgres.get('server_version') ?? '?'} (${set})`],
    ['RabbitMQ', `${rabbitmq} (one node, quorum queues, persistent messages)`],
    ['everything on', 'one machine: load generator, services, PostgreSQL and RabbitMQ share its cores'],
  ];
}

function memory(): string {
  return `${Math.round(totalmem() / 1024 ** 3)} GB`;
}

/** What lies in the working copy now. */
export function currentCommit(): string {
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: projectFile('.'), encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    const isClean = git('status', '--porcelain', '--', 'apps', 'libs', 'bench/src') === '';
    return `${git('rev-parse', '--short', 'HEAD')}${isClean ? '' : ' with changes'}`;
  } catch {
    return 'not a git working copy';
  }
}

async function postgresSettings(url: string): Promise<Map<string, string>> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const sql = `SELECT name, current_setting(name) AS value FROM pg_settings WHERE name = ANY ($1)`;
    const { rows } = await client.query<{ name: string; value: string }>(sql, [['server_version', ...durability]]);
    return new Map(rows.map(({ name, value }) => [name, value]));
  } finally {
    await client.end();
  }
}

async function rabbitmqVersion(url: string): Promise<string> {
  const connection = await amqp.connect(url, { noDelay: true });
  const { version }: { version?: unknown } = connection.connection.serverProperties;
  await connection.close();
  return typeof version === 'string' ? version : 'unknown';
}
