import type { OutgoingEvent } from '@billhook/messaging';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { aDomainEvent, checkpointKeys, openTrail, sealerOn, wholeSchema } from '../trail.spec-support.js';
import type { Trail } from '../trail.spec-support.js';
import { EntriesStore } from '../query/entries.store.js';
import { VerifyStore } from '../verify/verify.store.js';
import { MasterKeys } from './master-keys.js';
import { rewrapKeys } from './rewrap.store.js';

let trail: Trail;
let entries: EntriesStore;

beforeAll(async () => {
  trail = await openTrail();
  entries = new EntriesStore(trail.dataSource, trail.sealer);
});
afterAll(async () => {
  await trail?.close();
});

/** Each of them says who and from where, in its own way. */
const canaries = ['canary@example.test', '203.0.113.77', 'CanaryBrowser/1'];
const from = { remoteaddress: '203.0.113.77', useragent: 'CanaryBrowser/1' };
const openedBy = (user_id: string): OutgoingEvent =>
  aDomainEvent(
    { type: 'billing.account.opened', data: { user_id, email: 'canary@example.test' } },
    { ...from, actor: `user:${user_id}` },
  );

const erase = (userId: string): Promise<unknown[]> =>
  trail.dataSource.query('SELECT keys, index_rows FROM erase_person($1)', [userId]);

describe('S22: what is personal', () => {
  it('is nowhere in the schema, and ops read it all the same', async () => {
    const event = openedBy('ada');
    await trail.append([event]);
    const stored = await wholeSchema(trail);
    expect(canaries.filter((canary) => stored.includes(canary))).toEqual([]);
    // The search would find it: an id that is not sealed is there.
    expect(stored).toContain(event.attributes.id);
    expect(await entries.find(event.attributes.id)).toMatchObject({
      ip: '203.0.113.77',
      user_agent: 'CanaryBrowser/1',
      data: { user_id: 'ada', email: 'canary@example.test' },
      erased: false,
    });
  });

  it('is found by its address, alone and together with everything else', async () => {
    const event = openedBy('grace');
    await trail.append([
      event,
      aDomainEvent({ type: 'billing.account.opened', data: { user_id: 'other', email: null } }),
    ]);
    const ids = async (filter: Parameters<EntriesStore['page']>[0]): Promise<string[]> =>
      (await entries.page(filter, 50)).data.map(({ id }) => id);
    expect(await ids({ ip: '203.0.113.77', userId: 'grace' })).toEqual([event.attributes.id]);
    expect(await ids({ ip: '203.0.113.77' })).toContain(event.attributes.id);
    expect(await ids({ ip: '203.0.113.77', type: { kind: 'exact', type: 'billing.tier.changed' } })).toEqual([]);
    expect(await ids({ ip: '203.0.113.78' })).toEqual([]);
  });

  it('of nobody known goes under a key of the month', async () => {
    const rejected = aDomainEvent({
      type: 'ingress.delivery.rejected',
      data: { code: 'signature_missing', count: 1, remote_address: '198.51.100.66' },
    });
    await trail.append([rejected]);
    expect(await entries.find(rejected.attributes.id)).toMatchObject({ ip: '198.51.100.66' });
    const owners = await trail.asSuperuser(`SELECT owner FROM audit.sealing_key WHERE owner LIKE 'month/%'`);
    expect(owners).toEqual([{ owner: `month/${new Date().toISOString().slice(0, 7)}` }]);
  });

  it('of one person goes under one key, also when several seal at once for the first time', async () => {
    const sealers = Array.from({ length: 4 }, () => sealerOn(trail.dataSource));
    const sealed = await Promise.all(sealers.map(() => trail.seal([openedBy('at-once')])));
    expect(new Set(sealed.flat().map(({ index }) => index?.keyId)).size).toBe(1);
  });
});

describe('S22: a person who is erased', () => {
  it('cannot be read or found any more, while the chain still holds', async () => {
    const event = openedBy('gone');
    await trail.append([event]);
    expect(await erase('gone')).toEqual([{ keys: 1, index_rows: 1 }]);
    expect(await entries.find(event.attributes.id)).toMatchObject({
      ip: null,
      user_agent: null,
      data: { user_id: 'gone', email: null },
      erased: true,
    });
    expect((await entries.page({ userId: 'gone', ip: '203.0.113.77' }, 1)).data).toEqual([]);
    expect(await new VerifyStore(trail.dataSource, checkpointKeys).verify()).toMatchObject({ ok: true });
  });

  it('never gets a key again: what comes late is redacted, and says so', async () => {
    await erase('gone-before');
    const late = openedBy('gone-before');
    await trail.append([late]);
    const found = await entries.find(late.attributes.id);
    expect(found).toMatchObject({ ip: null, data: { email: null }, erased: true });
    expect(JSON.parse(found?.content ?? '')).toMatchObject({ sealed: [], notes: ['personal_data_erased'] });
    expect(await erase('gone-before')).toEqual([{ keys: 0, index_rows: 0 }]);
  });

  it('leaves nothing behind when the entry was sealed before and is appended after', async () => {
    const [entry] = await trail.seal([openedBy('in-between')]);
    if (entry === undefined) throw new Error('nothing sealed');
    await erase('in-between');
    await trail.appendSealed([entry]);
    const rows = await trail.asSuperuser('SELECT FROM audit.blind_index WHERE key_id = $1', [entry.index?.keyId]);
    expect(rows).toEqual([]);
    expect(await entries.find(entry.id)).toMatchObject({ ip: null, erased: true });
  });
});

describe('a master key', () => {
  it('is exchanged without touching an entry, beside services that have both', async () => {
    const event = openedBy('rotated');
    await trail.append([event]);
    const hashOf = async (): Promise<unknown> =>
      trail.asSuperuser('SELECT md5(array_agg(e ORDER BY seq)::text) FROM audit.entry e');
    const before = await hashOf();
    const [former, next] = [trail.masterKeys, [randomBytes(32).toString('base64')]];
    const both = MasterKeys.from([...next, ...former].map((key) => Buffer.from(key, 'base64')));
    expect(await rewrapKeys(trail.dataSource, both)).toEqual({ rewrapped: expect.any(Number), missing: [] });
    expect(await rewrapKeys(trail.dataSource, both)).toEqual({ rewrapped: 0, missing: [] });
    const readAnew = new EntriesStore(trail.dataSource, sealerOn(trail.dataSource, next));
    expect(await readAnew.find(event.attributes.id)).toMatchObject({ ip: '203.0.113.77' });
    await expect(entries.find(event.attributes.id)).rejects.toMatchObject({ code: 'master_key_missing' });
    expect(await hashOf()).toEqual(before);
    const back = MasterKeys.from([...former, ...next].map((key) => Buffer.from(key, 'base64')));
    await rewrapKeys(trail.dataSource, back);
  });

  it('that is not given is named, and what it wraps stays', async () => {
    await trail.append([openedBy('kept')]);
    const other = MasterKeys.from([randomBytes(32)]);
    const { rewrapped, missing } = await rewrapKeys(trail.dataSource, other);
    expect([rewrapped, missing]).toEqual([0, [expect.stringMatching(/^[0-9a-f]{16}$/)]]);
  });
});
