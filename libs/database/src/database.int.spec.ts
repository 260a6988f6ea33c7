import { createTestDatabase, waitFor } from '@billhook/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { isDatabaseUnavailable } from './connection-failures.js';
import { dataSourceOptions } from './data-source.js';
import { databaseCheck } from './data-source.module.js';
import { listen } from './listen.client.js';
import { grantToService, migrate } from './migrations.store.js';
import type { ServiceSchema } from './migrations.store.js';
import { inTransaction } from './transaction.store.js';

class Notes1700000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('CREATE TABLE note (id text PRIMARY KEY)');
    await queryRunner.query('CREATE TABLE kept (id text PRIMARY KEY)');
    await grantToService(queryRunner, 'SELECT, INSERT', 'TABLE', 'note');
  }
  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE note, kept');
  }
}
const service: ServiceSchema = { schema: 'gateway', migrations: [Notes1700000000000] };

let database: Awaited<ReturnType<typeof createTestDatabase>>;
let dataSource: DataSource;

beforeAll(async () => {
  database = await createTestDatabase(service);
  const options = dataSourceOptions({
    url: database.serviceUrl,
    schema: 'gateway',
    applicationName: 'spec',
    poolSize: 2,
  });
  dataSource = await new DataSource(options).initialize();
});

afterAll(async () => {
  await dataSource?.destroy();
  await database?.drop();
});

const count = async (): Promise<number> => {
  const rows: { n: number }[] = await dataSource.query('SELECT count(*)::int AS n FROM note');
  return rows[0]?.n ?? -1;
};

const admin = async (sql: string): Promise<void> => {
  const client = new Client({ connectionString: database.adminUrl });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
};

const terminateOthers = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()`;

describe('migrations', () => {
  it('do nothing the second time, also twice at once', async () => {
    const options = { adminUrl: database.adminUrl, serviceUrl: database.serviceUrl, service };
    expect(await Promise.all([migrate(options), migrate(options)])).toEqual([[], []]);
  });

  it.each([
    'SELECT * FROM kept',
    'DELETE FROM note',
    'DROP TABLE note',
    'CREATE TABLE mine (id int)',
    'SET ROLE postgres',
  ])("leave the service's role without the right to: %s", async (sql) => {
    await expect(dataSource.query(sql)).rejects.toMatchObject({
      message: expect.stringMatching(/permission denied|must be owner|does not exist/),
    });
  });

  it('refuse to run with the administrator as the service', async () => {
    await expect(migrate({ adminUrl: database.adminUrl, serviceUrl: database.adminUrl, service })).rejects.toThrow(
      'a role of its own',
    );
  });
});

describe('inTransaction', () => {
  it('keeps what was written', async () => {
    await inTransaction(dataSource, (manager) => manager.query(`INSERT INTO note VALUES ('kept')`));
    expect(await count()).toBe(1);
  });

  it('F34: rejects when an error inside was swallowed, since PostgreSQL has rolled everything back', async () => {
    const before = await count();
    const swallowing = inTransaction(dataSource, async (manager) => {
      await manager.query(`INSERT INTO note VALUES ('lost')`);
      await manager.query(`INSERT INTO note VALUES ('kept')`).catch(() => undefined);
    });
    await expect(swallowing).rejects.toMatchObject({ code: '25P02' });
    expect(await count()).toBe(before);
  });

  it('F28: rejects as a failure of the surroundings when the backend is killed in the middle, and works again at once', async () => {
    const killed = inTransaction(dataSource, async (manager) => {
      await manager.query(`INSERT INTO note VALUES ('killed')`);
      await admin(terminateOthers);
      await manager.query('SELECT 1');
    });
    const error = await killed.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(isDatabaseUnavailable(error)).toBe(true);
    await waitFor('a working pool', async () => (await databaseCheck(dataSource)()).up);
  });

  it('F29: keeps nothing of a transaction whose server stopped answering, whoever gets its connection next', async () => {
    const options = dataSourceOptions({ url: database.serviceUrl, schema: 'gateway', applicationName: 'impatient' });
    const impatient = await new DataSource({
      ...options,
      poolSize: 1,
      extra: { ...options.extra, query_timeout: 200 },
    }).initialize();
    const givenUp = inTransaction(impatient, async (manager) => {
      await manager.query(`INSERT INTO note VALUES ('given up')`);
      await manager.query('SELECT pg_sleep(1)');
    });
    const error = await givenUp.catch((reason: unknown) => reason);
    expect(isDatabaseUnavailable(error)).toBe(true);
    await waitFor('a working pool', async () => (await databaseCheck(impatient)()).up);
    await inTransaction(impatient, (manager) => manager.query(`INSERT INTO note VALUES ('the next')`));
    expect(await dataSource.query(`SELECT id FROM note WHERE id IN ('given up', 'the next')`)).toEqual([
      { id: 'the next' },
    ]);
    await impatient.destroy();
  });
});

describe('transactions that cross', () => {
  it('F31: run again when they lost to each other, and none of it is seen outside', async () => {
    const locked: PromiseWithResolvers<void>[] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let runs = 0;
    const lockBoth = (mine: 0 | 1, order: string[]): Promise<void> =>
      inTransaction(dataSource, async (manager) => {
        runs += 1;
        await manager.query(`SELECT pg_advisory_xact_lock(hashtext($1))`, [order[0]]);
        locked[mine]?.resolve();
        await locked[1 - mine]?.promise;
        await manager.query(`SELECT pg_advisory_xact_lock(hashtext($1))`, [order[1]]);
      });
    await Promise.all([lockBoth(0, ['left', 'right']), lockBoth(1, ['right', 'left'])]);
    expect(runs).toBe(3);
  });

  it('F31: run again when PostgreSQL could not serialize them', async () => {
    let runs = 0;
    const { promise: bothRead, resolve: haveRead } = Promise.withResolvers<void>();
    let readers = 0;
    const count = (id: string): Promise<void> =>
      inTransaction(dataSource, async (manager) => {
        runs += 1;
        await manager.query('SET TRANSACTION ISOLATION LEVEL SERIALIZABLE');
        await manager.query('SELECT count(*) FROM note');
        readers += 1;
        if (readers === 2) haveRead();
        await bothRead;
        await manager.query('INSERT INTO note VALUES ($1)', [id]);
      });
    await Promise.all([count('first'), count('second')]);
    expect(runs).toBe(3);
  });
});

describe('listen', () => {
  it('hears notifications, comes back when its connection is killed, and says that it was away', async () => {
    const heard: string[] = [];
    let returns = 0;
    const listener = listen({
      url: database.serviceUrl,
      channel: 'spec_channel',
      applicationName: 'spec-listen',
      onNotify: (payload) => heard.push(payload),
      onReconnect: () => (returns += 1),
    });
    await waitFor('a first notification', async () => {
      await admin(`NOTIFY spec_channel, 'first'`);
      return heard.includes('first');
    });
    await admin(`${terminateOthers} AND application_name = 'spec-listen'`);
    await waitFor('the return', () => returns === 1);
    await admin(`NOTIFY spec_channel, 'second'`);
    await waitFor('a second notification', () => heard.includes('second'));
    await listener.close();
  });
});
