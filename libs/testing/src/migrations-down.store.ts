import type { ServiceSchema } from '@billhook/database';
import pg from 'pg';
import { DataSource } from 'typeorm';
import type { TestDatabase } from './test-database.store.js';

/** Takes the newest migrations back, as the schema's owner: what an operator would have to do by hand. */
export async function undoMigrations(database: TestDatabase, service: ServiceSchema, count: number): Promise<void> {
  const role = decodeURIComponent(new URL(database.serviceUrl).username);
  const settings = [`role=${role}_owner`, `search_path=${service.schema}`, `billhook.service_role=${role}`];
  const source = new DataSource({
    type: 'postgres',
    url: database.adminUrl,
    schema: service.schema,
    migrations: service.migrations,
    migrationsTransactionMode: 'each',
    installExtensions: false,
    poolSize: 1,
    extra: { options: settings.map((setting) => `-c ${setting}`).join(' ') },
  });
  await source.initialize();
  try {
    for (let undone = 0; undone < count; undone += 1) await source.undoLastMigration();
  } finally {
    await source.destroy();
  }
}

/**
 * What a schema is made of, a line for each column, index, constraint, trigger, function, privilege, and setting of a table; but
 * for TypeORM's own table of what has run, and the order of columns, which a column that comes back loses.
 */
export async function shapeOf({ adminUrl }: TestDatabase, { schema }: ServiceSchema): Promise<string[]> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ line: string }>(shape, [schema]);
    return rows.map(({ line }) => line);
  } finally {
    await client.end();
  }
}

const shape = `
  WITH relation AS (
    SELECT oid, relname, relkind, relacl, reloptions FROM pg_class
    WHERE relnamespace = $1::regnamespace AND relname !~ '^migrations'
      AND oid NOT IN (SELECT indexrelid FROM pg_index WHERE indrelid = to_regclass($1 || '.migrations'))
  )
  SELECT line FROM (
    SELECT format('%s %s %s %s', relkind, relname, relacl, reloptions) FROM relation
    UNION ALL
    SELECT format('column %s.%s %s %s %s %s%s', relname, attname, format_type(atttypid, atttypmod), attnotnull,
                  pg_get_expr(adbin, adrelid), attcompression, attstorage)
    FROM pg_attribute JOIN relation ON oid = attrelid LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE attnum > 0 AND NOT attisdropped AND relkind <> 'i'
    UNION ALL
    SELECT pg_get_indexdef(oid) FROM relation WHERE relkind IN ('i', 'I')
    UNION ALL
    SELECT format('constraint %s %s %s', relname, conname, pg_get_constraintdef(pg_constraint.oid))
    FROM pg_constraint JOIN relation ON relation.oid = conrelid
    UNION ALL
    SELECT pg_get_triggerdef(pg_trigger.oid) FROM pg_trigger JOIN relation ON relation.oid = tgrelid WHERE NOT tgisinternal
    UNION ALL
    SELECT format('%s %s', pg_get_functiondef(oid), proacl) FROM pg_proc
    WHERE pronamespace = $1::regnamespace AND prokind = 'f'
    UNION ALL
    SELECT format('type %s', typname) FROM pg_type
    WHERE typnamespace = $1::regnamespace AND typtype IN ('e', 'd') AND typrelid = 0
  ) AS every (line) ORDER BY line`;
