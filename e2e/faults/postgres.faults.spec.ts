import { startPrivateServers, waitFor } from '@billhook/testing';
import type { PrivateServers } from '@billhook/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { CustomerStory } from '../../apps/subscription/src/customer-story.spec-support.js';
import { Scene, say } from './scene.spec-support.js';

const startMs = 180_000;
const caseMs = 240_000;
const isFull = process.env['FULL'] === '1';
/** The promise is two seconds; the rest is for a machine that has other things to do. */
const goingWithinMs = 20_000;

let servers: PrivateServers;
let scene: Scene;

beforeAll(async () => {
  servers = await startPrivateServers();
  const { infrastructure, reaper, folder } = servers;
  scene = await Scene.open({ infrastructure, reaper, folder });
}, startMs);

afterEach(() => scene?.calm());

afterAll(async () => {
  await scene?.close();
  await servers?.reaper.close();
}, 60_000);

/** How long from now until another event is applied. */
async function goingAgain(): Promise<number> {
  const from = performance.now();
  const before = await scene.applied();
  await waitFor('the next event to be applied', async () => (await scene.applied()) > before, goingWithinMs);
  return Math.round(performance.now() - from);
}

const triesUsed = () =>
  scene.system.countOf('(SELECT FROM subscription.attempt UNION ALL SELECT FROM gateway.attempt) AS used');

const underWay = async (): Promise<void> => {
  const before = await scene.applied();
  await waitFor('events to be applied', async () => (await scene.applied()) > before + 20, 30_000);
};

describe('F26: PostgreSQL restarted under load', () => {
  it.each(
    Array.from({ length: isFull ? 100 : 1 }, (_, index) => index).flatMap((index) => [
      [`fast ${index}`, 'SIGINT'] as const,
      [`immediate ${index}`, 'SIGQUIT'] as const,
    ]),
  )(
    'costs no event a try, parks none, and work goes on when it is back (%s)',
    async (name, signal) => {
      const load = scene.startLoad(`pg${name.replace(' ', '')}`, 100);
      await underWay();
      await servers.postgres.stop(signal);
      await servers.postgres.start();
      const ms = await goingAgain();
      await load.stop();
      say(`F26 (${name}): the next event was applied ${ms} ms after PostgreSQL was back`);
      expect(await scene.verdict()).toEqual([]);
      expect(await triesUsed()).toBe(0);
    },
    caseMs,
  );

  it(
    'costs nothing either when it is killed and stays away for a while',
    async () => {
      const load = scene.startLoad('pgkilled', 100);
      await underWay();
      await servers.postgres.kill();
      await waitFor(
        'the subscription service to say that it waits',
        async () => {
          const [replica] = scene.system.replicasOf('subscription');
          return (await fetch(`${replica?.managementUrl}/health/ready`)).status === 503;
        },
        30_000,
      );
      const accepted = load.answers().length;
      await waitFor(
        'deliveries to be taken all the same',
        () =>
          load
            .answers()
            .slice(accepted)
            .some(({ status }) => status === 200),
        30_000,
      );
      await servers.postgres.start();
      const ms = await goingAgain();
      await load.stop();
      say(`F26 (killed): the next event was applied ${ms} ms after PostgreSQL was back`);
      expect(await scene.verdict()).toEqual([]);
      expect(await triesUsed()).toBe(0);
    },
    caseMs,
  );
});

describe('F28: connections that PostgreSQL ends in mid-transaction', () => {
  it(
    'cost no event a try and leave nothing half done',
    async () => {
      const load = scene.startLoad('ended', 100);
      for (let round = 0; round < 5; round += 1) {
        await underWay();
        await scene.system.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename IS NOT NULL AND pid <> pg_backend_pid()`,
        );
      }
      await load.stop();
      expect(await scene.verdict()).toEqual([]);
      expect(await triesUsed()).toBe(0);
    },
    caseMs,
  );
});

describe('F29: a PostgreSQL behind a black hole', () => {
  it(
    'is given up in bounded time, and found again when it answers',
    async () => {
      const load = scene.startLoad('hole', 100);
      await underWay();
      const cables = (['subscription', 'audit', 'gateway'] as const).map((of) => scene.system.cable('database', of));
      for (const cable of cables) cable.freeze();
      await waitFor(
        'the subscription service to say that it waits',
        async () => {
          const [replica] = scene.system.replicasOf('subscription');
          return (await fetch(`${replica?.managementUrl}/health/ready`)).status === 503;
        },
        60_000,
      );
      for (const cable of cables) cable.mend();
      const ms = await goingAgain();
      await load.stop();
      say(`F29: the next event was applied ${ms} ms after PostgreSQL answered again`);
      expect(await scene.verdict()).toEqual([]);
      expect(await triesUsed()).toBe(0);
    },
    caseMs,
  );
});

describe('F32: a PostgreSQL that only reads', () => {
  it(
    'as an old primary does after a failover, is waited out without a try used up',
    async () => {
      const load = scene.startLoad('standby', 100);
      await underWay();
      const database = new URL(scene.system.place.databaseUrls.audit).pathname.slice(1);
      const become = async (isReadOnly: boolean): Promise<void> => {
        await scene.system.query(
          `ALTER DATABASE ${database} SET default_transaction_read_only = ${String(isReadOnly)}`,
        );
        await scene.system.query(
          'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()',
          [database],
        );
      };
      await become(true);
      await waitFor(
        'the subscription service to say that it waits',
        async () => {
          const [replica] = scene.system.replicasOf('subscription');
          return (await fetch(`${replica?.managementUrl}/health/ready`)).status === 503;
        },
        60_000,
      );
      // The administrator's own connections may write again: else nobody could end it.
      await scene.system.query('SET default_transaction_read_only = off').catch(() => undefined);
      await scene.system.query(
        `BEGIN READ WRITE; ALTER DATABASE ${database} RESET default_transaction_read_only; COMMIT`,
      );
      await scene.system.query(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()',
        [database],
      );
      const ms = await goingAgain();
      await load.stop();
      say(`F32: the next event was applied ${ms} ms after writing was possible again`);
      expect(await scene.verdict()).toEqual([]);
      expect(await triesUsed()).toBe(0);
    },
    caseMs,
  );
});

/** For one invoice the server's process that inserts its payment kills itself, as a bug of PostgreSQL's or a lack of memory would. */
const crashOnInvoice = `
  CREATE FUNCTION subscription.crash() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
  BEGIN
    EXECUTE format('COPY (SELECT 1) TO PROGRAM %L', 'kill -9 ' || pg_backend_pid());
    RETURN NEW;
  END $$;
  CREATE TRIGGER crash BEFORE INSERT ON subscription.payment
  FOR EACH ROW WHEN (NEW.invoice_id = 'in_crash') EXECUTE FUNCTION subscription.crash()`;

describe('F41: an event that crashes PostgreSQL itself', () => {
  it(
    'is parked within its tries, alone, and those around it are applied',
    async () => {
      await scene.system.query(crashOnInvoice);
      const story = new CustomerStory('crash');
      const neighbours = [story.created(), story.invoice('paid', { id: 'in_before' })];
      const killer = story.invoice('paid', { id: 'in_crash' });
      const from = performance.now();
      await scene.deliverer.deliverAll([...neighbours, killer]);
      const parked = (): Promise<Record<string, unknown>[]> =>
        scene.system.query('SELECT event_id, reason FROM subscription.parked_event WHERE retry_at IS NULL');
      await waitFor('the parking', async () => (await parked()).length > 0, 120_000);
      say(
        `F41 (crash): an event that crashes PostgreSQL was parked ${Math.round(performance.now() - from)} ms after it came`,
      );
      expect(await parked()).toEqual([{ event_id: killer.id, reason: 'process_died' }]);
      const settled = `subscription.inbox WHERE outcome = 'applied' AND event_id = ANY($1)`;
      const after = story.invoice('paid', { id: 'in_after' });
      await scene.deliverer.deliver(after);
      const others = [...neighbours, after].map(({ id }) => id);
      await waitFor(
        'the others',
        async () => (await scene.system.countOf(settled, [others])) === others.length,
        30_000,
      );
      expect(await triesUsed()).toBe(0);
    },
    caseMs,
  );
});
