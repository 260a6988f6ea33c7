import { migrate } from '@billhook/database';
import { createTestDatabase, shapeOf, undoMigrations } from '@billhook/testing';
import type { TestDatabase } from '@billhook/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SealAndPartition1797300000000 } from './migrations/1797300000000-seal-and-partition.js';
import { schema } from './schema.js';

const sealed = schema.migrations.indexOf(SealAndPartition1797300000000) + 1;
const justSealed = { ...schema, migrations: schema.migrations.slice(0, sealed) };

let database: TestDatabase;
let older: TestDatabase;

beforeAll(async () => {
  [database, older] = await Promise.all([createTestDatabase(schema), createTestDatabase(justSealed)]);
});
afterAll(async () => {
  await database?.drop();
  await older?.drop();
});

/** The quicker one that came later appends the same: it stays where its migration is taken back. */
const butAppending = (shape: string[]): string[] =>
  shape.filter((line) => !/FUNCTION audit\.append_entries/.test(line));

describe('the migrations of the audit schema', () => {
  it('can be taken back as far as the seal, leave nothing behind, and make the same again', async () => {
    const before = await shapeOf(database, schema);
    const asOlder = await shapeOf(older, schema);
    expect(asOlder).not.toEqual(before);
    await undoMigrations(database, schema, schema.migrations.length - sealed);
    expect(butAppending(await shapeOf(database, schema))).toEqual(butAppending(asOlder));
    const { adminUrl, serviceUrl } = database;
    expect(await migrate({ adminUrl, serviceUrl, service: schema })).toHaveLength(schema.migrations.length - sealed);
    expect(await shapeOf(database, schema)).toEqual(before);
  });

  it('are not taken back any further: what is sealed cannot be unsealed, and is still there', async () => {
    const before = await shapeOf(older, justSealed);
    await expect(undoMigrations(older, justSealed, 1)).rejects.toThrow('restore a backup');
    expect(await shapeOf(older, justSealed)).toEqual(before);
  });
});
