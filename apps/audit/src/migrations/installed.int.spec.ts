import { dataSourceOptions, migrate } from '@billhook/database';
import { createTestDatabase } from '@billhook/testing';
import type { TestDatabase } from '@billhook/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { AppendStore } from '../append/append.store.js';
import { asSuperuser, checkpointKeys, opened, sealerOn } from '../trail.spec-support.js';
import { EntriesStore } from '../query/entries.store.js';
import { schema } from '../schema.js';
import { toDraft } from '../trail/content.js';
import { VerifyStore } from '../verify/verify.store.js';

/** As it was installed before anything was sealed, or went by month. */
const former = { ...schema, migrations: schema.migrations.slice(0, 4), maintenance: undefined };

/** As version 1 wrote them. */
const formerContent = (id: string): Buffer =>
  Buffer.from(
    JSON.stringify({
      actor: 'user:ada',
      body: { bytes: 2, sha256: '00' },
      cause_id: null,
      customer_id: null,
      customer_via: null,
      data: { email: null, user_id: 'ada' },
      envelope: {},
      id,
      ip: '203.0.113.7',
      notes: [],
      occurred_at: '2026-11-23T09:00:00.000Z',
      request_id: null,
      source: 'gateway',
      stripe_ids: [],
      subject: 'ada',
      type: 'billing.account.opened',
      user_agent: 'Firefox',
      user_id: 'ada',
      v: 1,
    }),
  );

describe('a system that was installed before', () => {
  let database: TestDatabase;
  let dataSource: DataSource;

  beforeAll(async () => {
    database = await createTestDatabase(former);
    dataSource = await new DataSource(
      dataSourceOptions({ url: database.serviceUrl, schema: 'audit', applicationName: 'spec' }),
    ).initialize();
    await dataSource.query('SELECT append_entries($1::bytea[])', [['old-1', 'old-2'].map(formerContent)]);
    await migrate({ ...database, service: schema });
  }, 60_000);
  afterAll(async () => {
    await dataSource?.destroy();
    await database?.drop();
  });

  it('goes on where its chain was, reads and finds what it had, and verifies from first to last', async () => {
    const sealer = sealerOn(dataSource);
    const event = opened('ada', { id: 'new-1', remoteaddress: '203.0.113.7' });
    await new AppendStore(dataSource).append(await sealer.seal([event].map(toDraft)));
    const entries = new EntriesStore(dataSource, sealer);
    const { data } = await entries.page({ userId: 'ada', ip: '203.0.113.7' }, 50);
    expect(data.map(({ seq, id, ip, user_agent }) => [seq, id, ip, user_agent])).toEqual([
      [3, 'new-1', '203.0.113.7', null],
      [2, 'old-2', '203.0.113.7', 'Firefox'],
      [1, 'old-1', '203.0.113.7', 'Firefox'],
    ]);
    expect(await entries.find('old-1')).toMatchObject({ seq: 1, erased: false });
    expect(await new VerifyStore(dataSource, checkpointKeys).verify()).toMatchObject({ ok: true, entries: 3 });
  });

  it('knows the events again that it had appended', async () => {
    const repeated = [{ id: 'old-1', content: formerContent('old-1'), index: null }];
    expect(await new AppendStore(dataSource).append(repeated)).toEqual(new Set());
  });

  it('keeps what it had in the partition of the month it ended in, append-only as ever', async () => {
    const month = `entry_${new Date().toISOString().slice(0, 7).replace('-', '_')}`;
    const rows = await asSuperuser(database.adminUrl, `SELECT seq::int FROM audit.${month} ORDER BY seq`);
    expect(rows.slice(0, 2)).toEqual([{ seq: 1 }, { seq: 2 }]);
    await expect(asSuperuser(database.adminUrl, `DELETE FROM audit.${month}`)).rejects.toThrow('append-only');
  });
});
