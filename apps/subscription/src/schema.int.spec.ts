import { migrate } from '@billhook/database';
import { createTestDatabase, shapeOf, undoMigrations } from '@billhook/testing';
import type { TestDatabase } from '@billhook/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { schema } from './schema.js';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase(schema);
});
afterAll(() => database?.drop());

describe('the migrations of the subscription schema', () => {
  it('can all be taken back, leave nothing behind, and make the same again', async () => {
    const before = await shapeOf(database, schema);
    expect(before.length).toBeGreaterThan(20);
    await undoMigrations(database, schema, schema.migrations.length);
    expect(await shapeOf(database, schema)).toEqual([]);
    const { adminUrl, serviceUrl } = database;
    expect(await migrate({ adminUrl, serviceUrl, service: schema })).toHaveLength(schema.migrations.length);
    expect(await shapeOf(database, schema)).toEqual(before);
  });
});
