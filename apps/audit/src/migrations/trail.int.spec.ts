import type { OutgoingEvent } from '@billhook/messaging';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { asSuperuser, checkpointKeys, connect, opened, openTrail } from '../trail.spec-support.js';
import type { Trail } from '../trail.spec-support.js';
import { AppendStore } from '../append/append.store.js';
import type { Verdict } from '../trail/chain-verifier.js';
import { VerifyStore } from '../verify/verify.store.js';

let trail: Trail;

beforeAll(async () => {
  trail = await openTrail();
});
afterAll(async () => {
  await trail?.close();
});

const functionCall = `append_entries($1::bytea[], '{}', '{}')`;
const appendOnly = `SELECT ${functionCall}`;
const contentsOf = async (...events: OutgoingEvent[]): Promise<Buffer[]> =>
  (await trail.seal(events)).map(({ content }) => content);
const tamper = (sql: string): Promise<unknown> => trail.tamper(sql);
const clear = (): Promise<unknown> => trail.clear();
const verify = (): Promise<Verdict> => new VerifyStore(trail.dataSource, checkpointKeys).verify();
const seqs = async (): Promise<number[]> =>
  (await trail.asSuperuser('SELECT seq::int FROM audit.entry ORDER BY seq')).map((row) => Number(row['seq']));
const upTo = (length: number): number[] => Array.from({ length }, (_, index) => index + 1);
const someEvents = (length: number): OutgoingEvent[] =>
  Array.from({ length }, (_, index) => opened(`user-${index}`, { id: `event-${index + 1}` }));

describe('appending', () => {
  beforeEach(clear);

  it('numbers entries from 1 without a gap and ties them as the verifier expects', async () => {
    await trail.append(someEvents(3));
    await trail.append([opened('user-9', { id: 'event-4' })]);
    expect(await seqs()).toEqual([1, 2, 3, 4]);
    expect(await verify()).toMatchObject({ ok: true, entries: 4 });
  });

  it('appends an event id once: in one batch, and in batches after one another', async () => {
    const [first, second, third] = someEvents(3);
    if (first === undefined || second === undefined || third === undefined) throw new Error('no events');
    expect(await trail.append([first, second, first])).toEqual(new Set(['event-1', 'event-2']));
    expect(await trail.append([second, third, first])).toEqual(new Set(['event-3']));
    expect(await trail.append([first])).toEqual(new Set());
    expect(await trail.append([])).toEqual(new Set());
    expect(await seqs()).toEqual([1, 2, 3]);
  });

  it('keeps the order of a batch', async () => {
    await trail.append(someEvents(50).toReversed());
    const rows = await trail.asSuperuser('SELECT event_id FROM audit.entry ORDER BY seq');
    expect(rows.map((row) => row['event_id'])).toEqual(
      someEvents(50)
        .toReversed()
        .map((event) => event.attributes.id),
    );
  });

  it('leaves no gap where a transaction was rolled back', async () => {
    await trail.append(someEvents(1));
    const contents = await contentsOf(opened('user-2'));
    await expect(
      trail.dataSource.transaction(async (manager) => {
        await manager.query(appendOnly, [contents]);
        throw new Error('given up');
      }),
    ).rejects.toThrow('given up');
    await trail.append(someEvents(2));
    expect(await seqs()).toEqual([1, 2]);
  });

  it('makes one chain of what four writers append at once, half of it twice', async () => {
    const sources = await Promise.all(Array.from({ length: 4 }, () => connect(trail.database)));
    const events = await trail.seal(someEvents(400));
    const fresh = await Promise.all(
      sources.map(async (source, writer) => {
        const store = new AppendStore(source);
        let appended = 0;
        for (let at = 0; at < 400; at += 20) {
          // Neighbours overlap: writers 0 and 1 share a half, 2 and 3 the other, in batches that meet in different order.
          const place = writer % 2 === 0 ? at : 380 - at;
          if (writer < 2 === place < 200) appended += (await store.append(events.slice(place, place + 20))).size;
        }
        return appended;
      }),
    );
    await Promise.all(sources.map((source) => source.destroy()));
    expect(fresh.reduce((sum, each) => sum + each)).toBe(400);
    expect(await seqs()).toEqual(upTo(400));
    expect(await verify()).toMatchObject({ ok: true, entries: 400 });
  });

  it('never records a time before the entry before, whatever the clock says', async () => {
    await trail.append(someEvents(1));
    await tamper(`UPDATE audit.chain_head SET recorded_at = '2099-01-01T00:00:00Z'`);
    await trail.append(someEvents(2));
    const rows = await trail.asSuperuser('SELECT recorded_at FROM audit.entry WHERE seq = 2');
    expect(rows).toEqual([{ recorded_at: new Date('2099-01-01T00:00:00Z') }]);
  });

  it.each(['REPEATABLE READ', 'SERIALIZABLE'] as const)(
    'refuses %s, where it could not see the last entry',
    async (level) => {
      const contents = await contentsOf(opened('user-1'));
      await expect(
        trail.dataSource.transaction(level, (manager) => manager.query(appendOnly, [contents])),
      ).rejects.toThrow('READ COMMITTED');
    },
  );

  it.each(['{', '{}', '{"id":"x"}', '{"id":7,"type":"x"}', 'null', '[]'])(
    'refuses content that is no entry: %s',
    async (text) => {
      const contents = [...(await contentsOf(opened('user-1'))), Buffer.from(text)];
      await expect(trail.dataSource.query(appendOnly, [contents])).rejects.toThrow();
      expect(await seqs()).toEqual([]);
    },
  );
});

describe("F68: S23: the service's role", () => {
  beforeAll(async () => {
    await clear();
    await trail.append(someEvents(1));
  });

  const partitionOfToday = `entry_${new Date().toISOString().slice(0, 7).replace('-', '_')}`;
  const columns = 'seq, event_id, type, stripe_ids, recorded_at, content, previous_hash, content_hash, hash';
  const row = `99, 'forged', 'x', '{}', '2020-01-01', '', decode(repeat('00', 32), 'hex'), decode(repeat('00', 32), 'hex'), decode(repeat('00', 32), 'hex')`;

  it.each([
    `INSERT INTO entry (${columns}) VALUES (${row})`,
    `INSERT INTO entry (${columns}) OVERRIDING SYSTEM VALUE VALUES (${row})`,
    `INSERT INTO entry SELECT * FROM entry`,
    `UPDATE entry SET type = 'x'`,
    `UPDATE entry SET recorded_at = '2020-01-01'`,
    'DELETE FROM entry',
    'TRUNCATE entry',
    `MERGE INTO entry e USING (SELECT 1 AS seq) n ON e.seq = n.seq WHEN MATCHED THEN DELETE`,
    'SELECT * FROM entry FOR UPDATE',
    'COPY entry FROM STDIN',
    'DROP TABLE entry',
    'ALTER TABLE entry DISABLE TRIGGER entry_is_append_only',
    'DROP TRIGGER entry_is_append_only ON entry',
    'CREATE OR REPLACE FUNCTION append_entries(contents bytea[], tokens bytea[], token_keys uuid[]) RETURNS TABLE (a text, b bigint) LANGUAGE sql AS $$ SELECT NULL, 1 $$',
    'ALTER FUNCTION append_entries(bytea[], bytea[], uuid[]) SECURITY INVOKER',
    'SELECT refuse_change()',
    'CREATE TABLE mine (id int)',
    'CREATE TEMP TABLE entry (seq bigint)',
    `SET session_replication_role = 'replica'`,
    `INSERT INTO customer_link VALUES ('cus_1', 'user-1', 1)`,
    `UPDATE customer_link SET user_id = 'user-2'`,
    'DELETE FROM customer_link',
    `INSERT INTO object_link VALUES ('in_1', 'cus_1')`,
    `UPDATE object_link SET customer_id = 'cus_2'`,
    'UPDATE chain_head SET seq = 0',
    `UPDATE month_end SET recorded_at = '2020-01-01'`,
    'DELETE FROM entry_id',
    'DELETE FROM entry_words',
    'DELETE FROM blind_index',
    'DELETE FROM sealing_key',
    `UPDATE sealing_key SET destroyed_at = NULL`,
    'UPDATE checkpoint SET hash = hash',
    'DELETE FROM funnel_checkout',
    `SELECT make_entry_partition('2020-01-01')`,
    `ALTER TABLE entry DETACH PARTITION ${partitionOfToday}`,
    `DELETE FROM ${partitionOfToday}`,
    `INSERT INTO ${partitionOfToday} SELECT * FROM entry`,
    `SELECT setval(pg_get_serial_sequence('outbox', 'id'), 1)`,
    `COPY (SELECT 1) TO PROGRAM 'true'`,
    `SELECT pg_read_file('/etc/hostname')`,
    'SELECT lo_create(0)',
  ])('may not: %s', async (sql) => {
    await expect(trail.dataSource.query(sql)).rejects.toMatchObject({
      message: expect.stringMatching(/permission denied|must be owner|must be superuser/),
    });
  });

  /** What is not named here it may only read; of these the trail itself is none. */
  const mayChange: Record<string, string[]> = {
    attempt: ['INSERT', 'UPDATE', 'DELETE'],
    checkpoint: ['INSERT'],
    inbox: ['INSERT', 'UPDATE'],
    outbox: ['INSERT', 'UPDATE'],
    parked_event: ['INSERT', 'UPDATE', 'DELETE'],
    sealing_key: ['INSERT'],
  };

  it('may change no table of the schema but those that are its own to change', async () => {
    const { username } = new URL(trail.database.serviceUrl);
    const rows = await trail.asSuperuser(
      `SELECT relname AS name, array_remove(ARRAY(
         SELECT privilege FROM unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) AS p (privilege)
         WHERE has_table_privilege($1, pg_class.oid, privilege)), NULL) AS granted
       FROM pg_class WHERE relnamespace = 'audit'::regnamespace AND relkind IN ('r', 'p', 'v', 'm') ORDER BY relname`,
      [username],
    );
    expect(rows.length).toBeGreaterThan(15);
    const granted = rows.filter((row) => String(row['granted']) !== '').map((row) => [row['name'], row['granted']]);
    expect(Object.fromEntries(granted)).toEqual(mayChange);
  });

  it('may wrap a key anew, and do nothing else to it: not even bring a destroyed one back', async () => {
    await trail.asSuperuser(
      `INSERT INTO audit.sealing_key (owner, key_id, destroyed_at) VALUES ('person/gone', gen_random_uuid(), now())`,
    );
    await expect(
      trail.dataSource.query(`UPDATE sealing_key SET wrapped = 'x', master_key_id = 'x' WHERE owner = 'person/gone'`),
    ).rejects.toThrow('sealing_key_check');
    const columns = await trail.asSuperuser(
      `SELECT attname AS name FROM pg_attribute WHERE attrelid = 'audit.sealing_key'::regclass AND attnum > 0
         AND has_column_privilege($1, attrelid, attname, 'UPDATE') ORDER BY attname`,
      [new URL(trail.database.serviceUrl).username],
    );
    expect(columns.map((row) => row['name'])).toEqual(['master_key_id', 'wrapped']);
  });

  it('may not become the owner', async () => {
    const { username } = new URL(trail.database.serviceUrl);
    await expect(trail.dataSource.query(`SET ROLE ${username}_owner`)).rejects.toThrow('permission denied');
    const owner = await trail.asSuperuser(`SELECT rolcanlogin FROM pg_roles WHERE rolname = '${username}_owner'`);
    expect(owner).toEqual([{ rolcanlogin: false }]);
  });

  it('may read', async () => {
    expect(await trail.dataSource.query('SELECT seq FROM entry')).toEqual([{ seq: '1' }]);
  });

  it('leads the function astray with no search path of its own', async () => {
    const contents = await contentsOf(opened('user-7'));
    await trail.dataSource.transaction(async (manager) => {
      await manager.query('SET LOCAL search_path = pg_temp, public');
      await manager.query(`SELECT audit.${functionCall}`, [contents]);
    });
    expect(await verify()).toMatchObject({ ok: true, entries: 2 });
  });
});

describe('the owner', () => {
  it.each([`UPDATE audit.entry SET type = 'x'`, 'DELETE FROM audit.entry', 'TRUNCATE audit.entry'])(
    'meets a trigger at: %s, also in a session that replays as a replica',
    async (sql) => {
      const { username } = new URL(trail.database.serviceUrl);
      const asOwner = asSuperuser(
        trail.database.adminUrl,
        `SET session_replication_role = 'replica'; SET ROLE ${username}_owner; ${sql}`,
      );
      await expect(asOwner).rejects.toThrow('the audit trail is append-only');
    },
  );
});

describe('verifying', () => {
  beforeEach(async () => {
    await clear();
    await trail.append(someEvents(2_500));
  });

  it('walks over many pages to the head', async () => {
    expect(await verify()).toMatchObject({ ok: true, entries: 2_500, head: { seq: 2_500 } });
  });

  it.each<[string, string, number, string]>([
    ['changed bytes', `UPDATE audit.entry SET content = content || ' ' WHERE seq = 2200`, 2200, 'content_hash_differs'],
    [
      'bytes and hash changed together',
      `UPDATE audit.entry SET content = content || ' ', content_hash = sha256(content || ' ') WHERE seq = 2200`,
      2200,
      'hash_differs',
    ],
    [
      'a changed time',
      `UPDATE audit.entry SET recorded_at = recorded_at + '1 µs' WHERE seq = 2200`,
      2200,
      'hash_differs',
    ],
    ['a changed user', `UPDATE audit.entry SET user_id = 'x' WHERE seq = 2200`, 2200, 'columns_differ_from_content'],
    ['a changed type', `UPDATE audit.entry SET type = 'x' WHERE seq = 2200`, 2200, 'columns_differ_from_content'],
    [
      'changed ids of Stripe',
      `UPDATE audit.entry SET stripe_ids = '{cus_x}' WHERE seq = 2200`,
      2200,
      'columns_differ_from_content',
    ],
    [
      'a changed moment',
      `UPDATE audit.entry SET occurred_at = occurred_at + '1 µs' WHERE seq = 2200`,
      2200,
      'columns_differ_from_content',
    ],
    [
      'a byte moved from one hash to the next',
      `ALTER TABLE audit.entry DROP CONSTRAINT entry_previous_hash_check, DROP CONSTRAINT entry_content_hash_check;
       UPDATE audit.entry SET previous_hash = substr(previous_hash, 1, 31),
         content_hash = substr(previous_hash, 32) || content_hash WHERE seq = 2200`,
      2200,
      'previous_hash_differs',
    ],
    [
      'a moment without an end',
      `UPDATE audit.entry SET occurred_at = 'infinity' WHERE seq = 2200`,
      2200,
      'columns_differ_from_content',
    ],
    [
      'a second entry of one number, where a page ends',
      `CREATE TEMP TABLE twin AS SELECT * FROM audit.entry WHERE seq = 2000;
       UPDATE twin SET recorded_at = recorded_at + '1 µs'; INSERT INTO audit.entry SELECT * FROM twin`,
      2001,
      'missing',
    ],
    ['a deleted entry', 'DELETE FROM audit.entry WHERE seq = 2200', 2200, 'missing'],
    ['a deleted page', 'DELETE FROM audit.entry WHERE seq BETWEEN 1001 AND 2000', 1001, 'missing'],
    ['a deleted start', 'DELETE FROM audit.entry WHERE seq < 10', 1, 'missing'],
    [
      'entries that changed places',
      `UPDATE audit.entry SET seq = 9999 WHERE seq = 2200; UPDATE audit.entry SET seq = 2200 WHERE seq = 2201;
       UPDATE audit.entry SET seq = 2201 WHERE seq = 9999`,
      2200,
      'previous_hash_differs',
    ],
    [
      'an entry closed up after a deletion',
      'DELETE FROM audit.entry WHERE seq = 2200; UPDATE audit.entry SET seq = seq - 1 WHERE seq = 2201',
      2200,
      'previous_hash_differs',
    ],
  ])('finds %s that a superuser made', async (_, sql, seq, fault) => {
    await tamper(sql.replace('1 µs', '1 microsecond'));
    expect(await verify()).toEqual({ ok: false, entries: seq - 1, first_bad: { seq, fault } });
  });
});
