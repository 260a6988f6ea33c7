import { dataSourceOptions } from '@billhook/database';
import type { ServiceSchema } from '@billhook/database';
import { createTestDatabase } from '@billhook/testing';
import type { TestDatabase } from '@billhook/testing';
import { afterAll, beforeAll, describe, expect, it, test } from '@jest/globals';
import { DataSource, EntityManager } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { InboxSearch } from './inbox-search.store.js';
import type { InboxFilter } from './inbox-search.store.js';
import { addRetries, createInboxTables } from './tables.store.js';

class SearchTables1764000000031 implements MigrationInterface {
  readonly name = 'SearchTables1764000000031';
  readonly transaction = false;
  async up(queryRunner: QueryRunner): Promise<void> {
    await createInboxTables(queryRunner);
    await addRetries(queryRunner);
  }
  async down(): Promise<void> {}
}

const schema: ServiceSchema = { schema: 'subscription', migrations: [SearchTables1764000000031] };
const search = new InboxSearch('spec');
const page = { order: 'newest', limit: 50 } as const;
const parked = 300;
const all = 100_000;

let database: TestDatabase;
let dataSource: DataSource;

beforeAll(async () => {
  database = await createTestDatabase(schema);
  dataSource = await new DataSource(
    dataSourceOptions({ url: database.serviceUrl, schema: 'subscription', applicationName: 'search-spec' }),
  ).initialize();
  await dataSource.query(
    `INSERT INTO inbox (consumer, event_id, type, outcome, reason, recorded_at)
     SELECT 'spec', 'evt_' || n, 'stripe.invoice.paid',
            CASE WHEN n <= $1 THEN 'parked' WHEN n <= 3000 THEN 'ignored' ELSE 'applied' END,
            CASE WHEN n <= 100 THEN 'unknown_customer' WHEN n <= $1 THEN 'unreadable: data.' || n
                 WHEN n <= 3000 THEN 'newer_state_known' END,
            timestamptz '2026-11-01' + n * interval '1 second'
     FROM generate_series(1, $2) AS n`,
    [parked, all],
  );
  const owner = await new DataSource({
    type: 'postgres',
    url: database.adminUrl,
    installExtensions: false,
  }).initialize();
  await owner.query('ANALYZE subscription.inbox');
  await owner.destroy();
});
afterAll(async () => {
  await dataSource.destroy();
  await database.drop();
});

/** Explains what it is asked instead of running it. */
class Explainer extends EntityManager {
  readonly plans: string[] = [];
  override async query<T>(sql: string, parameters?: unknown[]): Promise<T> {
    const lines: { 'QUERY PLAN': string }[] = await dataSource.query(`EXPLAIN ${sql}`, parameters);
    this.plans.push(lines.map((line) => line['QUERY PLAN']).join('\n'));
    return super.query<T>('SELECT WHERE false');
  }
}

describe('what is parked among a hundred thousand', () => {
  const filters: InboxFilter[] = [
    { status: 'parked' },
    { status: 'retrying', since: new Date('2026-11-01') },
    { status: 'parked', reason: 'unknown_customer', type: 'stripe.invoice.paid' },
    { reason: 'unreadable' },
  ];
  test.each(filters)('is found by %j without reading the rest', async (filter) => {
    const explainer = new Explainer(dataSource);
    await search.list(explainer, filter, page);
    await search.groups(explainer, filter);
    expect(explainer.plans).toHaveLength(2);
    for (const plan of explainer.plans) {
      expect(plan).toContain('inbox_unapplied');
      expect(plan).not.toContain('Seq Scan');
    }
  });

  it('is counted by status and by the stable head of its reason', async () => {
    const { counts, groups } = await search.summary(dataSource.manager, new Date('2026-11-01'));
    expect(counts).toEqual({ applied: all - 3_000, ignored: 3_000 - parked, parked, retrying: 0 });
    expect(groups).toEqual([
      expect.objectContaining({ status: 'ignored', reason: 'newer_state_known', count: 2_700 }),
      expect.objectContaining({ status: 'parked', reason: 'unreadable', count: 200 }),
      {
        status: 'parked',
        reason: 'unknown_customer',
        count: 100,
        oldest: new Date('2026-11-01T00:00:01Z'),
        newest: new Date('2026-11-01T00:01:40Z'),
      },
    ]);
  });

  it('is counted whatever its age, and what is done with only since a time, without reading the rest', async () => {
    const since = new Date(Date.parse('2026-11-01') + (all - 500) * 1_000);
    const { counts } = await search.summary(dataSource.manager, since);
    expect(counts).toEqual({ applied: 501, ignored: 0, parked, retrying: 0 });
    const explainer = new Explainer(dataSource);
    await search.summary(explainer, since);
    expect(explainer.plans.map((plan) => /inbox_\w+/.exec(plan)?.[0])).toEqual(['inbox_unapplied', 'inbox_newest']);
    for (const plan of explainer.plans) expect(plan).not.toContain('Seq Scan');
  });

  it('is found by the group of its reason, or by the whole of it', async () => {
    const found = (reason: string) => search.groups(dataSource.manager, { reason });
    expect(await found('unreadable')).toMatchObject([{ count: 200 }]);
    expect(await found('unreadable: data.150')).toMatchObject([{ count: 1 }]);
    expect(await found('unread')).toEqual([]);
  });

  it('comes oldest first where that is asked, page after page', async () => {
    const seen: string[] = [];
    let after: { recordedAt: Date; eventId: string } | undefined;
    do {
      const next = { order: 'oldest', limit: 120, after } as const;
      const entries = await search.list(dataSource.manager, { status: 'parked' }, next);
      seen.push(...entries.map(({ eventId }) => eventId));
      after = entries.at(-1);
    } while (after !== undefined);
    expect(seen).toEqual(Array.from({ length: parked }, (_, index) => `evt_${index + 1}`));
  });
});
