import { CommonConfig, startService } from '@billhook/runtime';
import type { RunningService } from '@billhook/runtime';
import { createTestDatabase, startCableProxy, waitFor } from '@billhook/testing';
import type { CableProxy, TestDatabase } from '@billhook/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Module } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { isDatabaseUnavailable } from './connection-failures.js';
import { databaseCheck, databaseModule } from './data-source.module.js';
import { DatabaseFailureFilter } from './database-failure.filter.js';
import { JoiningDataSource } from './joining-data-source.store.js';

const schema = 'gateway';

@Controller()
class SampleController {
  constructor(private readonly dataSource: DataSource) {}

  @Get('query')
  query(): Promise<unknown> {
    return this.dataSource.query('SELECT 1 AS n');
  }

  @Get('entity')
  entity(): Promise<unknown> {
    return this.dataSource.manager.find('note');
  }

  @Get('transaction')
  transaction(): Promise<unknown> {
    return this.dataSource.transaction((manager) => manager.query('SELECT 1 AS n'));
  }
}

let database: TestDatabase;
let cable: CableProxy;
let service: RunningService | undefined;

beforeAll(async () => {
  database = await createTestDatabase({ schema, migrations: [] });
});
afterAll(async () => {
  await database.drop();
});
beforeEach(async () => {
  cable = await startCableProxy(database.serviceUrl);
});
afterEach(async () => {
  await service?.stop();
  service = undefined;
  await cable.close();
});

async function start(url: string): Promise<RunningService> {
  @Module({
    imports: [databaseModule({ url, schema, applicationName: 'joining-spec' })],
    controllers: [SampleController],
  })
  class SampleModule {}
  service = await startService({
    name: 'joining-spec',
    config: Object.assign(new CommonConfig(), { PORT: 0, MANAGEMENT_PORT: 0, LOG_LEVEL: 'silent' }),
    module: SampleModule,
    configure: (app) => void app.useGlobalFilters(new DatabaseFailureFilter()),
    readiness: (app) => ({ database: databaseCheck(app.get(DataSource)) }),
  });
  return service;
}

async function ready({ managementUrl }: RunningService): Promise<string> {
  const response = await fetch(`${managementUrl}/health/ready`);
  return `${response.status} ${await response.text()}`;
}

/** On a busy machine the first attempt may come too late; it goes on by itself. */
async function joined(url: string): Promise<JoiningDataSource> {
  const dataSource = new JoiningDataSource({ url, schema, applicationName: 'joining-spec', poolSize: 2 });
  await dataSource.join();
  await waitFor('the database', () => dataSource.isInitialized);
  return dataSource;
}

describe('a service whose database is away', () => {
  it('F26: starts, lives, says what is missing, and joins within two seconds of its return', async () => {
    cable.pull();
    const running = await start(cable.url);
    expect((await fetch(`${running.managementUrl}/health/live`)).status).toBe(200);
    expect(await ready(running)).toMatch(/^503 .*not connected yet/);
    cable.mend();
    await waitFor('the database', async () => (await ready(running)).startsWith('200'), 2_000);
    expect(await (await fetch(`${running.url}/query`)).json()).toEqual([{ n: 1 }]);
  });

  it.each(['query', 'entity', 'transaction'])('answers 503 database_unavailable to a %s meanwhile', async (path) => {
    cable.pull();
    const { url } = await start(cable.url);
    const response = await fetch(`${url}/${path}`);
    expect([response.status, await response.json()]).toEqual([
      503,
      expect.objectContaining({ code: 'database_unavailable' }),
    ]);
  });

  it.each([
    ['a wrong password', (url: URL) => (url.password = 'made-up'), 'password authentication failed'],
    ['a missing database', (url: URL) => (url.pathname = '/nowhere'), 'does not exist'],
  ])('does not die of %s, and says it', async (_, spoil, complaint) => {
    const url = new URL(database.serviceUrl);
    spoil(url);
    expect(await ready(await start(url.href))).toMatch(new RegExp(`^503 .*${complaint}`));
  });

  it('stops at once while it still waits', async () => {
    cable.pull();
    const running = await start(cable.url);
    const begin = performance.now();
    await running.stop();
    service = undefined;
    expect(performance.now() - begin).toBeLessThan(2_000);
  });
});

describe('a database that goes silent', () => {
  it('F29: is found out by a health check within seconds', async () => {
    const dataSource = await joined(cable.url);
    cable.mute();
    const begin = performance.now();
    expect(await databaseCheck(dataSource)()).toMatchObject({ up: false });
    expect(performance.now() - begin).toBeLessThan(3_000);
    await dataSource.destroy();
  });

  it('F29: keeps the locks of a transaction for a few seconds, and who asks waits only a little longer', async () => {
    const dataSource = await joined(cable.url);
    const [holding, asking] = [dataSource.createQueryRunner(), dataSource.createQueryRunner()];
    await Promise.all([holding.connect(), asking.connect()]);
    await holding.startTransaction();
    await holding.query('SELECT pg_advisory_xact_lock(29)');
    cable.mute();
    const begin = performance.now();
    const answer = asking.query('SELECT 1').catch((error: unknown) => error);
    const other = await joined(database.serviceUrl);
    await other.query('SELECT pg_advisory_lock(29)');
    expect(performance.now() - begin).toBeLessThan(4_500);
    expect(isDatabaseUnavailable(await answer)).toBe(true);
    expect(performance.now() - begin).toBeLessThan(8_000);
    await Promise.all([holding, asking].map((runner) => runner.release()));
    await Promise.all([dataSource.destroy(), other.destroy()]);
  });

  it('F29: does not hold up who stops', async () => {
    const dataSource = await joined(cable.url);
    cable.mute();
    const hanging = dataSource.query('SELECT 1').catch((error: unknown) => error);
    const begin = performance.now();
    await dataSource.destroy();
    expect(performance.now() - begin).toBeLessThan(2_000);
    expect(isDatabaseUnavailable(await hanging)).toBe(true);
  });

  it('F30: refuses who finds no free connection within two seconds', async () => {
    const dataSource = await joined(database.serviceUrl);
    const held = [dataSource.createQueryRunner(), dataSource.createQueryRunner()];
    await Promise.all(held.map((runner) => runner.connect()));
    const begin = performance.now();
    const error: unknown = await dataSource.query('SELECT 1').catch((reason: unknown) => reason);
    expect(isDatabaseUnavailable(error)).toBe(true);
    expect(performance.now() - begin).toBeLessThan(2_500);
    await Promise.all(held.map((runner) => runner.release()));
    expect(await databaseCheck(dataSource)()).toEqual({ up: true });
    await dataSource.destroy();
  });

  it('F32: is not ready on a server that only reads, and leaves its connections for those of the new one', async () => {
    const dataSource = await joined(database.serviceUrl);
    const backend = async (): Promise<unknown> => dataSource.query('SELECT pg_backend_pid() AS pid');
    const before = await backend();
    await dataSource.query('SET default_transaction_read_only = on');
    expect(await databaseCheck(dataSource)()).toEqual({ up: false, detail: 'the server only reads' });
    const error: unknown = await dataSource
      .query('CREATE TEMPORARY TABLE t (id int)')
      .catch((reason: unknown) => reason);
    expect(isDatabaseUnavailable(error)).toBe(true);
    await waitFor('a connection that writes', async () => (await databaseCheck(dataSource)()).up);
    expect(await backend()).not.toEqual(before);
    await dataSource.destroy();
  });
});
