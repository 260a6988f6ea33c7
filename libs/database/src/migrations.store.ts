import { Client, escapeIdentifier, escapeLiteral } from 'pg';
import { DataSource } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { WithoutParametersLogger } from './query-logger.js';

type MigrationClass = new () => MigrationInterface;

/** Made to be compared with a service's own schema, and dropped. */
export type ShadowSchema = 'subscription_rebuild';

/** One service's share of the database. */
export interface ServiceSchema {
  schema: 'gateway' | 'subscription' | 'audit' | ShadowSchema;
  /** In order; their names end in a timestamp, as TypeORM asks. */
  migrations: MigrationClass[];
  /** Runs as the schema's owner after the migrations, each time: partitions to come. */
  maintenance?: (query: (sql: string, parameters?: unknown[]) => Promise<unknown>) => Promise<void>;
}

export interface MigrateOptions {
  /** A role that may create roles and schemas. Its server is used, with the database of `serviceUrl`. */
  adminUrl: string;
  /** The service's own URL: its user becomes the service's role, its password is set, its database must exist. */
  serviceUrl: string;
  service: ServiceSchema;
}

/** Any fixed number: two migrations of one server must not run side by side, roles being shared by its databases. */
const migrationLock = 7_203_114;

/**
 * Creates the service's roles and schema and runs what is pending. Safe to repeat and to run twice at once: advisory locks are
 * per database, so the lock is taken in the administrator's own, which all migrations of a server share. Returns the names of
 * the migrations that ran.
 */
export async function migrate(options: MigrateOptions): Promise<string[]> {
  const target = targetOf({ ...options, schema: options.service.schema });
  return withClient(options.adminUrl, async (server) => {
    await server.query('SELECT pg_advisory_lock($1)', [migrationLock]);
    await prepareRoles(server, target);
    await withClient(target.url, (database) => prepareSchema(database, target));
    return runAsOwner(options, target);
  });
}

async function withClient<T>(
  connectionString: string,
  work: (client: Client) => Promise<T>,
  options?: string,
): Promise<T> {
  const client = new Client({ connectionString, connectionTimeoutMillis: 5_000, options });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Work on a schema as its owner, on one connection. */
export function asOwner<T>(
  place: { adminUrl: string; serviceUrl: string; schema: ServiceSchema['schema'] },
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const target = targetOf(place);
  return withClient(target.url, work, ownerSettings(target));
}

/** A shadow only: nothing that a service lives by is dropped here. Harmless where there is none. */
export function dropShadow(place: { adminUrl: string; serviceUrl: string; schema: ShadowSchema }): Promise<void> {
  return asOwner(place, async (client) => {
    await client.query(`DROP SCHEMA IF EXISTS ${escapeIdentifier(place.schema)} CASCADE`);
  });
}

/** Inside a migration: gives the service's role what it needs on something the owner just made, and no more. */
export async function grantToService(
  queryRunner: QueryRunner,
  privileges: string,
  on: 'TABLE' | 'SEQUENCE' | 'FUNCTION',
  name: string,
): Promise<void> {
  const rows = await queryRunner.manager.query<{ role: string }[]>(
    `SELECT current_setting('billhook.service_role') AS role`,
  );
  const role = rows[0]?.role;
  if (role === undefined || role === '')
    throw new Error('billhook.service_role is not set: run migrations by migrate()');
  await queryRunner.query(`GRANT ${privileges} ON ${on} ${name} TO ${escapeIdentifier(role)}`);
}

interface Target {
  url: string;
  database: string;
  schema: string;
  role: string;
  owner: string;
  password: string;
}

function targetOf(place: { adminUrl: string; serviceUrl: string; schema: string }): Target {
  const { adminUrl, serviceUrl, schema } = place;
  const asService = new URL(serviceUrl);
  const role = decodeURIComponent(asService.username);
  const password = decodeURIComponent(asService.password);
  if (role === '' || password === '') throw new Error('DATABASE_URL needs the user and the password of the service');
  const asAdmin = new URL(adminUrl);
  if (role === decodeURIComponent(asAdmin.username)) {
    throw new Error('DATABASE_URL must name a role of its own, not the administrator of DATABASE_ADMIN_URL');
  }
  const database = decodeURIComponent(asService.pathname.slice(1));
  asAdmin.pathname = asService.pathname;
  return { url: asAdmin.toString(), database, schema, role, owner: `${role}_owner`, password };
}

/** The owner cannot log in and the service cannot become it: a stolen service password changes no table's shape. */
async function prepareRoles(server: Client, { role, owner, password }: Target): Promise<void> {
  await createRoleOnce(server, role, 'LOGIN');
  await createRoleOnce(server, owner, 'NOLOGIN');
  await server.query(
    `ALTER ROLE ${escapeIdentifier(role)} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD ${escapeLiteral(password)}`,
  );
}

/** Nobody reaches the database or the schema but who is let in here. */
async function prepareSchema(database: Client, target: Target): Promise<void> {
  const [role, owner, schema] = [target.role, target.owner, target.schema].map(escapeIdentifier);
  await database.query(`REVOKE ALL ON DATABASE ${escapeIdentifier(target.database)} FROM PUBLIC`);
  await database.query(`GRANT CONNECT ON DATABASE ${escapeIdentifier(target.database)} TO ${role}`);
  await database.query('REVOKE ALL ON SCHEMA public FROM PUBLIC');
  // Large objects belong to no schema, so no grant on one keeps a role from filling the disk with them. (An administrator who is
  // no superuser gets a warning here, and they stay open.)
  await database.query(
    'REVOKE EXECUTE ON FUNCTION lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea) FROM PUBLIC',
  );
  await database.query(`CREATE SCHEMA IF NOT EXISTS ${schema} AUTHORIZATION ${owner}`);
  await database.query(`GRANT USAGE ON SCHEMA ${schema} TO ${role}`);
}

async function createRoleOnce(server: Client, name: string, login: 'LOGIN' | 'NOLOGIN'): Promise<void> {
  const { rowCount } = await server.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [name]);
  if (rowCount === 0) await server.query(`CREATE ROLE ${escapeIdentifier(name)} ${login}`);
}

function ownerSettings({ owner, schema, role }: Target): string {
  const settings = [`role=${owner}`, `search_path=${schema}`, `billhook.service_role=${role}`];
  return settings.map((setting) => `-c ${setting}`).join(' ');
}

async function runAsOwner({ service }: MigrateOptions, target: Target): Promise<string[]> {
  const dataSource = new DataSource({
    type: 'postgres',
    url: target.url,
    schema: target.schema,
    applicationName: `billhook-migrate-${target.schema}`,
    migrations: service.migrations,
    migrationsTransactionMode: 'each',
    installExtensions: false,
    logger: new WithoutParametersLogger(),
    poolSize: 1,
    extra: { options: ownerSettings(target) },
  });
  await dataSource.initialize();
  try {
    const ran = await dataSource.runMigrations();
    await service.maintenance?.((sql, parameters) => dataSource.query(sql, parameters));
    return ran.map((migration) => migration.name);
  } finally {
    await dataSource.destroy();
  }
}
