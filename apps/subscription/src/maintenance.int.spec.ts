import { maintain } from '@billhook/database';
import { createTestDatabase, waitFor } from '@billhook/testing';
import type { TestDatabase } from '@billhook/testing';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { partitionOf } from './intake/raw-event-partitions.store.js';
import { SubscriptionMaintainConfig, maintenanceTasks } from './maintenance.js';
import { schema } from './schema.js';

let database: TestDatabase;
let admin: Client;
let service: Client;

beforeEach(async () => {
  database = await createTestDatabase(schema);
  const options = '-c search_path=subscription';
  admin = new Client({ connectionString: database.adminUrl, options });
  service = new Client({ connectionString: database.serviceUrl, options });
  await Promise.all([admin.connect(), service.connect()]);
});

afterEach(async () => {
  await Promise.all([admin?.end(), service?.end()]);
  await database?.drop();
});

const day = 86_400_000;
const daysAgo = (days: number) => new Date(Date.now() - days * day);

function run(now = new Date()): Promise<string[]> {
  const tasks = maintenanceTasks(new SubscriptionMaintainConfig(), now);
  return maintain({ adminUrl: database.adminUrl, serviceUrl: database.serviceUrl, schema: 'subscription', tasks });
}

async function keep(client: Client, id: string, recordedAt: Date): Promise<void> {
  await client.query(
    `INSERT INTO raw_event (event_id, type, occurred_at, recorded_at, headers, body, body_sha256)
     VALUES ($1, 'stripe.invoice.paid', now(), $2, '{}', $3, sha256($3))`,
    [id, recordedAt, Buffer.from(`body of ${id} \0`)],
  );
}

async function places(): Promise<Record<string, string>> {
  const { rows } = await admin.query<{ id: string; place: string }>(
    'SELECT event_id AS id, tableoid::regclass::text AS place FROM raw_event ORDER BY event_id',
  );
  return Object.fromEntries(rows.map(({ id, place }) => [id, place]));
}

type Kept = 'inbox' | 'outbox' | 'parked_event' | 'reconcile_run' | 'reconcile_drift';

async function idsIn(table: Kept, id = 'event_id'): Promise<string[]> {
  const { rows } = await admin.query<{ id: string }>(`SELECT ${id}::text AS id FROM ${table} ORDER BY 1`);
  return rows.map((row) => row.id);
}

describe('raw events', () => {
  it('leave the default partition for their months, as they were, and the months past retention go', async () => {
    const [kept, lost] = [daysAgo(100), daysAgo(500)];
    await keep(service, 'evt_kept', kept);
    await keep(service, 'evt_lost', lost);
    expect(await places()).toEqual({ evt_kept: 'raw_event_default', evt_lost: 'raw_event_default' });
    const [keptIn, lostIn] = [partitionOf(kept).name, partitionOf(lost).name];
    expect(await run()).toEqual([
      `moved 1 rows from the default partition into ${lostIn}`,
      `moved 1 rows from the default partition into ${keptIn}`,
      `dropped partition ${lostIn}`,
    ]);
    expect(await places()).toEqual({ evt_kept: keptIn });
    const { rows } = await service.query<{ body: Buffer }>('SELECT body FROM raw_event');
    expect(rows[0]?.body.toString()).toBe('body of evt_kept \0');
    expect(await run()).toEqual([]);
  });

  it('have partitions made for the months ahead', async () => {
    const inHalfAYear = new Date(Date.now() + 180 * day);
    const made = await run(inHalfAYear);
    expect(made).toContain(`made partition ${partitionOf(inHalfAYear).name}`);
    expect(await run(inHalfAYear)).toEqual([]);
  });

  it('whose move broke off are carried on with by the next run', async () => {
    const at = daysAgo(100);
    const { name } = partitionOf(at);
    await admin.query(`CREATE TABLE ${name} (LIKE raw_event INCLUDING ALL)`);
    await admin.query(`ALTER TABLE ${name} OWNER TO ${await ownerOf('raw_event')}`);
    await admin.query(
      `INSERT INTO ${name} (event_id, type, occurred_at, recorded_at, body_sha256) VALUES ('evt_moved', 't', now(), $1, '')`,
      [at],
    );
    expect(await run()).toEqual([`attached ${name}`]);
    expect(await places()).toEqual({ evt_moved: name });
  });

  it('are still written while all of this goes on, and a long reader only delays it', async () => {
    const old = daysAgo(500);
    await keep(service, 'evt_old', old);
    const reader = new Client({ connectionString: database.serviceUrl, options: '-c search_path=subscription' });
    await reader.connect();
    await reader.query('BEGIN');
    await reader.query('SELECT count(*) FROM raw_event');
    const running = run();
    await waitFor('the maintenance to want its lock', async () => {
      const { rowCount } = await admin.query(
        `SELECT FROM pg_locks WHERE NOT granted AND relation = 'raw_event_default'::regclass
           AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
      );
      return rowCount !== 0;
    });
    for (let n = 0; n < 20; n += 1) await keep(service, `evt_new_${n}`, new Date());
    await reader.query('COMMIT');
    await reader.end();
    expect(await running).toContain(`dropped partition ${partitionOf(old).name}`);
    expect(Object.keys(await places())).toHaveLength(20);
  });
});

async function ownerOf(table: string): Promise<string> {
  const { rows } = await admin.query<{ owner: string }>(
    'SELECT relowner::regrole::text AS owner FROM pg_class WHERE oid = $1::regclass',
    [table],
  );
  return rows[0]?.owner ?? '';
}

describe('the outbox', () => {
  it('loses what was sent long ago, but nothing that waits to be sent', async () => {
    const insert = `INSERT INTO outbox (event_id, type, attributes, body, created_at, sent_at)
                    VALUES (gen_random_uuid(), $1, '{}', '', $2, $3)`;
    await admin.query(insert, ['unsent', daysAgo(30), null]);
    await admin.query(insert, ['sent long ago', daysAgo(30), daysAgo(29)]);
    await admin.query(insert, ['sent late', daysAgo(30), daysAgo(1)]);
    await admin.query(insert, ['sent', daysAgo(1), daysAgo(1)]);
    expect(await run()).toEqual(['deleted 1 sent outbox rows']);
    expect(await idsIn('outbox', 'type')).toEqual(['sent', 'sent late', 'unsent']);
  });

  it('is walked to its end however many rows there are', async () => {
    await admin.query(
      `INSERT INTO outbox (event_id, type, attributes, body, created_at, sent_at)
       SELECT gen_random_uuid(), 't', '{}', '', now() - interval '8 days', now() - interval '8 days'
       FROM generate_series(1, 12000)`,
    );
    expect(await run()).toEqual(['deleted 12000 sent outbox rows']);
  });
});

describe('the inbox', () => {
  it('forgets what was settled more than 400 days ago, but never what is parked or to be tried again', async () => {
    const insert = `INSERT INTO inbox (consumer, event_id, type, outcome, recorded_at) VALUES ('subscription', $1, 't', $2, $3)`;
    await admin.query(insert, ['applied', 'applied', daysAgo(401)]);
    await admin.query(insert, ['ignored', 'ignored', daysAgo(401)]);
    await admin.query(insert, ['parked', 'parked', daysAgo(401)]);
    await admin.query(insert, ['retrying', 'retrying', daysAgo(401)]);
    await admin.query(insert, ['young', 'applied', daysAgo(399)]);
    expect(await run()).toEqual(['deleted 2 inbox rows']);
    expect(await idsIn('inbox')).toEqual(['parked', 'retrying', 'young']);
  });
});

describe('dead letters that are no events', () => {
  it('are forgotten after 30 days, and nothing else that is parked is', async () => {
    const parked = async (id: string, type: string, at: Date): Promise<void> => {
      await admin.query(
        `INSERT INTO inbox (consumer, event_id, type, outcome, recorded_at) VALUES ('subscription', $1, $2, 'parked', $3)`,
        [id, type, at],
      );
      await admin.query(
        `INSERT INTO parked_event (consumer, event_id, type, reason, headers, body, attempts, parked_at)
         VALUES ('subscription', $1, $2, 'r', '{}', '', 0, $3)`,
        [id, type, at],
      );
    };
    await parked('old', 'dead_letter.undecodable', daysAgo(31));
    await parked('young', 'dead_letter.undecodable', daysAgo(29));
    await parked('event', 'stripe.invoice.paid', daysAgo(31));
    expect(await run()).toEqual(['deleted 1 dead letters that are no events']);
    expect(await idsIn('inbox')).toEqual(['event', 'young']);
    expect(await idsIn('parked_event')).toEqual(['event', 'young']);
  });
});

describe('runs of reconcile', () => {
  it('are forgotten 90 days after their end, with the drift they found', async () => {
    const insert = `INSERT INTO reconcile_run (kind, dry_run, requested_by, phase, requested_at, finished_at)
                    VALUES ($1, false, 'schedule', 'checking', $2, $3) RETURNING run_id`;
    const { rows } = await admin.query(insert, ['sweep', daysAgo(92), daysAgo(91)]);
    await admin.query(
      `INSERT INTO reconcile_drift (run_id, subscription_id, state, look_at) VALUES ($1, 'sub_1', 'repaired', now())`,
      [rows[0].run_id],
    );
    await admin.query(insert, ['catch_up', daysAgo(92), null]);
    await admin.query(insert, ['sweep', daysAgo(89), daysAgo(89)]);
    expect(await run()).toEqual(['deleted 1 runs of reconcile']);
    expect(await idsIn('reconcile_run', 'kind')).toEqual(['catch_up', 'sweep']);
    expect(await idsIn('reconcile_drift', 'subscription_id')).toEqual([]);
  });
});

describe('two runs at once', () => {
  it('do the work once', async () => {
    const old = daysAgo(500);
    await keep(service, 'evt_old', old);
    const [one, other] = await Promise.all([run(), run()]);
    const said = [...one, ...other].filter((line) => line.startsWith('dropped'));
    expect(said).toEqual([`dropped partition ${partitionOf(old).name}`]);
  });
});
