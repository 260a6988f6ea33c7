import { createTestDatabase } from '@billhook/testing';
import type { TestDatabase } from '@billhook/testing';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { schema } from '../schema.js';

let database: TestDatabase;
let admin: Client;

beforeAll(async () => {
  database = await createTestDatabase(schema);
  admin = new Client({ connectionString: database.adminUrl, options: '-c search_path=subscription' });
  await admin.connect();
});

afterAll(async () => {
  await admin?.end();
  await database?.drop();
});

/** How each part of `raw_event` keeps bodies: compressed with what (l: lz4), and where (e: as they are). */
async function waysOfKeeping(): Promise<string[]> {
  const { rows } = await admin.query<{ way: string }>(
    `SELECT DISTINCT concat(attcompression, attstorage) AS way FROM pg_attribute
     JOIN pg_partition_tree('raw_event') ON attrelid = relid WHERE attname = 'body'`,
  );
  return rows.map((row) => row.way);
}

it('keeps bodies without the costly compression in every partition, those made later included, and can go back', async () => {
  const { rows } = await admin.query<{ has: boolean }>(
    `SELECT 'lz4' = ANY (enumvals) AS has FROM pg_settings WHERE name = 'default_toast_compression'`,
  );
  const way = rows[0]?.has === true ? 'lx' : 'e';
  expect(await waysOfKeeping()).toEqual([way]);
  await admin.query(`CREATE TABLE later PARTITION OF raw_event FOR VALUES FROM ('2099-01-01') TO ('2099-02-01')`);
  expect(await waysOfKeeping()).toEqual([way]);

  const extra = { options: '-c search_path=subscription' };
  const source = new DataSource({
    type: 'postgres',
    url: database.adminUrl,
    schema: 'subscription',
    migrations: schema.migrations,
    extra,
  });
  await source.initialize();
  for (const _ of schema.migrations.slice(1)) await source.undoLastMigration();
  expect(await waysOfKeeping()).toEqual(['x']);
  await source.destroy();
});
