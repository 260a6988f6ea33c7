import type { OutgoingEvent } from '@billhook/messaging';
import { aCustomer, anInvoice, waitFor } from '@billhook/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { startAudit } from '../audit.spec-support.js';
import type { AuditUnderTest } from '../audit.spec-support.js';
import { aDomainEvent, asSuperuser, aStripeDelivery, connect, opened, sealerOn } from '../trail.spec-support.js';
import { toDraft } from '../trail/content.js';
import { entriesQuery } from './entries-query.js';
import type { EntryFilter } from './entry-filter.js';
import { EntriesStore } from './entries.store.js';
import type { EntryView } from './entries.store.js';

let audit: AuditUnderTest;

const append = async (events: OutgoingEvent[]): Promise<unknown> =>
  audit.appendStore.append(await audit.sealer.seal(events.map(toDraft)));

/** 3,000 entries of 100 users: half from Stripe, known by customer only. */
async function seed(): Promise<void> {
  const customers = Array.from({ length: 100 }, (_, user) =>
    aDomainEvent({ type: 'billing.customer.linked', data: { user_id: `user-${user}`, customer_id: `cus_${user}` } }),
  );
  await append(customers);
  for (let batch = 0; batch < 29; batch += 1) {
    const events = Array.from({ length: 100 }, (_, user) => {
      if (batch % 2 === 0) {
        return opened(`user-${user}`, { remoteaddress: `198.51.100.${user}`, requestid: `request-${batch}-${user}` });
      }
      return batch % 4 === 1
        ? aStripeDelivery('customer.updated', aCustomer({ id: `cus_${user}`, metadata: {} }))
        : aStripeDelivery(
            'invoice.paid',
            anInvoice({ id: `in_${batch}_${user}`, customer: `cus_${user}`, parent: null, metadata: {} }),
          );
    });
    await append(events);
  }
}

beforeAll(async () => {
  audit = await startAudit();
  await seed();
});
afterAll(async () => {
  await audit?.stop();
});

describe('GET /v1/entries', () => {
  it('answers newest first, 50 unless told otherwise', async () => {
    const { data, next_cursor } = await audit.page('');
    expect(data.map((entry) => entry.seq)).toEqual(Array.from({ length: 50 }, (_, index) => 3_000 - index));
    expect(next_cursor).toBe('2951');
    expect(data[0]).toEqual({
      seq: 3_000,
      id: expect.any(String),
      type: 'billing.account.opened',
      user_id: 'user-99',
      data: { user_id: 'user-99', email: null },
      ip: '198.51.100.99',
      user_agent: null,
      erased: false,
      occurred_at: '2026-11-23T09:00:00.000Z',
      recorded_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it.each([
    ['user_id=user-7', 30],
    ['user_id=user-7&type=billing.account.opened', 15],
    ['user_id=user-7&type=stripe.*', 14],
    ['type=stripe.customer.updated&stripe_id=cus_7', 7],
    ['type=stripe.*&stripe_id=cus_7', 14],
    ['stripe_id=cus_7', 15],
    ['stripe_id=in_3_7', 1],
    ['ip=198.51.100.7', 15],
    ['ip=::ffff:198.51.100.7', 15],
    ['ip=198.51.100.7&type=billing.*', 15],
    ['ip=198.51.100.7&type=stripe.*', 0],
    ['request_id=request-4-7', 1],
    ['user_id=nobody', 0],
    ['type=stripe.nothing.*', 0],
    ['type=stripe', 0],
    ['from=2000-01-01&user_id=user-7', 30],
    ['to=2000-01-01', 0],
    ['from=2999-01-01', 0],
    ['from=2000-01-01T00:00:00%2B02:00&to=2999-12-31T23:59:59.999Z&type=stripe.invoice.*&user_id=user-7', 7],
  ])('?%s answers %i entries', async (query, count) => {
    expect(await audit.entries(`${query}&limit=200`)).toHaveLength(count);
  });

  it('shows a prefix of types in one order, not type after type', async () => {
    const data = await audit.entries('type=stripe.*&limit=200');
    const seqs = data.map((entry) => entry.seq);
    expect(seqs).toEqual(seqs.toSorted((a, b) => b - a));
    expect(new Set(data.map((entry) => entry.type))).toEqual(
      new Set(['stripe.customer.updated', 'stripe.invoice.paid']),
    );
  });

  it('counts from and to from the moment an entry was recorded, from inclusive and to exclusive', async () => {
    const [middle] = await audit.entries('limit=1&cursor=1501');
    const [first] = await audit.entries('limit=1&cursor=2');
    if (middle === undefined || first === undefined) throw new Error('no entries');
    const ids = async (query: string): Promise<string[]> => (await audit.entries(query)).map((entry) => entry.id);
    expect(await ids(`limit=1&to=${first.recorded_at}`)).toEqual([]);
    const since = await audit.page(`limit=200&type=billing.customer.linked&from=${first.recorded_at}`);
    expect(since.data).toHaveLength(100);
    const before = await audit.entries(`limit=200&to=${middle.recorded_at}`);
    expect(before[0]?.seq).toBeLessThan(middle.seq);
  });

  it.each([
    ['', 200],
    ['user_id=user-7&', 4],
    ['type=stripe.*&', 200],
    ['stripe_id=cus_7&', 4],
    ['ip=198.51.100.7&', 4],
  ])('pages ?%s by %i to the end, stable while entries are appended', async (filter, limit) => {
    const whole = await everything(`${filter}limit=200`);
    const paged = await everything(`${filter}limit=${limit}`, () =>
      append([
        opened('user-7', { remoteaddress: '198.51.100.7' }),
        aStripeDelivery('customer.updated', aCustomer({ id: 'cus_7', metadata: {} })),
      ]),
    );
    expect(paged).toEqual(whole);
  });

  async function everything(query: string, between: () => Promise<unknown> = () => Promise.resolve()) {
    const seen: number[] = [];
    // Each look is an entry: what has been looked at before is older than this.
    let cursor: string | null = '3001';
    do {
      const { data, next_cursor } = await audit.page(`${query}&cursor=${cursor}`);
      seen.push(...data.map((entry) => entry.seq));
      cursor = next_cursor;
      await between();
    } while (cursor !== null);
    return seen;
  }

  it.each<[string, RegExp]>([
    ['limit=0', /limit must be a whole number from 1 to 200/],
    ['limit=201', /from 1 to 200/],
    ['limit=', /from 1 to 200/],
    ['limit=ten', /from 1 to 200/],
    ['limit=1.5', /from 1 to 200/],
    ['type=*', /prefix such as stripe\.\*/],
    ['type=stripe.*.paid', /prefix such as/],
    ["type=x'%20OR%20true--", /prefix such as/],
    ['from=yesterday', /ISO 8601/],
    ['from=2026-02-30', /ISO 8601/],
    ['from=2026-11-01T25:00:00Z', /ISO 8601/],
    ['from=2026-11-01T09:00:00', /with its zone/],
    ['from=0000-01-01', /ISO 8601/],
    ['from=2026-11-02&to=2026-11-01', /from must be earlier than to/],
    ['ip=localhost', /IPv4 or IPv6/],
    ['stripe_id=7', /cus_/],
    ['user_id=', /1 to 255/],
    ['user_id=%00', /1 to 255/],
    [`user_id=${'x'.repeat(256)}`, /1 to 255/],
    ['user_id=a&user_id=b', /one text/],
    ['request_id=%00', /1 to 255/],
    ['cursor=last', /next_cursor/],
    ['cursor=9999999999999999999', /next_cursor/],
    ['q=', /with a word in it/],
    ['q=--%20!', /with a word in it/],
    ['q=a%00b', /with a word in it/],
    [`q=${'x'.repeat(256)}`, /up to 255/],
    ['w=anything', /there is no w here; allowed: limit, cursor, user_id, type, from, to, ip, stripe_id, request_id, q/],
    ['userid=user-7', /allowed: limit, cursor, user_id/],
  ])('refuses ?%s and says what is allowed', async (query, detail) => {
    const { status, type, body } = await audit.get(`/v1/entries?${query}`);
    expect({ status, type, body }).toMatchObject({
      status: 400,
      type: expect.stringContaining('application/problem+json'),
      body: { code: 'request_invalid', detail: expect.stringMatching(detail) },
    });
  });
});

describe('GET /v1/entries/:id', () => {
  it('gives what it takes to compute the hash again', async () => {
    const [entry] = await audit.entries('user_id=user-7&limit=1');
    const { body } = await audit.get(`/v1/entries/${entry?.id}`);
    expect(body).toMatchObject({ ...entry, content: expect.any(String) });
    const detail = JSON.parse(JSON.stringify(body));
    const digest = (...parts: Buffer[]): string => createHash('sha256').update(Buffer.concat(parts)).digest('hex');
    expect(digest(Buffer.from(detail.content))).toBe(detail.content_hash);
    const numbers = Buffer.alloc(16);
    numbers.writeBigInt64BE(BigInt(detail.seq), 0);
    const micros = BigInt(Date.parse(detail.recorded_at)) * 1000n + BigInt(detail.recorded_at.slice(-4, -1));
    numbers.writeBigInt64BE(micros, 8);
    const hex = (text: string): Buffer => Buffer.from(text, 'hex');
    expect(
      digest(Buffer.from('billhook.audit.entry.v1'), numbers, hex(detail.previous_hash), hex(detail.content_hash)),
    ).toBe(detail.hash);
  });

  it.each(['nothing', '%00', 'x'.repeat(300)])('answers 404 to %s', async (id) => {
    expect(await audit.get(`/v1/entries/${id}`)).toMatchObject({ status: 404, body: { code: 'not_found' } });
  });
});

describe('GET /v1/chain/verify', () => {
  it('walks everything and says so', async () => {
    const { status, body } = await audit.get('/v1/chain/verify');
    // Behind the verification stands the look that it was.
    const [, newest] = await audit.entries('limit=2');
    expect({ status, body }).toMatchObject({
      status: 200,
      body: { ok: true, entries: newest?.seq, head: { seq: newest?.seq, hash: newest?.hash } },
    });
  });
});

describe('S19: every look into the trail', () => {
  const looks = (): Promise<EntryView[]> => audit.entries('type=audit.trail.read&limit=3');

  it('is an entry: who, from where, and what they asked for', async () => {
    await audit.get('/v1/entries?user_id=user-7&limit=1&ip=198.51.100.7&q=jane');
    await audit.get('/v1/entries/nothing');
    const recorded = await looks();
    expect(recorded.slice(0, 2).map(({ data, user_id, ip }) => ({ data, user_id, ip }))).toEqual([
      { data: { what: 'entry', request: '/v1/entries/nothing' }, user_id: null, ip: '127.0.0.1' },
      {
        data: { what: 'entries', request: '/v1/entries?user_id=user-7&limit=1&ip=…&q=…' },
        user_id: null,
        ip: '127.0.0.1',
      },
    ]);
    const { body } = await audit.get(`/v1/entries/${recorded[0]?.id}`);
    expect(body).toMatchObject({ content: expect.stringContaining('"actor":"ops:ops-1"') });
  });

  it('is an entry also where the chain is verified, or its checkpoints are asked for', async () => {
    await audit.get('/v1/chain/verify?from=1');
    await audit.fetch('/v1/chain/checkpoints');
    expect((await looks()).slice(0, 2).map(({ data }) => data)).toEqual([
      { what: 'chain', request: '/v1/chain/checkpoints' },
      { what: 'chain', request: '/v1/chain/verify?from=1' },
    ]);
  });

  it('is recorded once, and not when it was refused', async () => {
    const [before] = await looks();
    await audit.get('/v1/entries?limit=0');
    await audit.get('/v1/entries', ['user']);
    await audit.get('/v1/entries', null);
    expect((await looks()).map((entry) => entry.seq).slice(0, 2)).toEqual([(before?.seq ?? 0) + 1, before?.seq]);
  });

  it('is not answered when it cannot be recorded', async () => {
    const { adminUrl } = audit.database;
    const signature = 'audit.append_entries(bytea[], bytea[], uuid[])';
    const [granted] = await asSuperuser(
      adminUrl,
      `SELECT proacl::text FROM pg_proc WHERE oid = '${signature}'::regprocedure`,
    );
    expect(granted).toBeDefined();
    const service = new URL(audit.database.serviceUrl).username;
    await asSuperuser(adminUrl, `REVOKE EXECUTE ON FUNCTION ${signature} FROM ${service}`);
    try {
      const { status, body } = await audit.get('/v1/entries?limit=1');
      expect(status).toBe(500);
      expect(body).not.toHaveProperty('data');
    } finally {
      await asSuperuser(adminUrl, `GRANT EXECUTE ON FUNCTION ${signature} TO ${service}`);
    }
  });
});

describe('?q=', () => {
  const said = (reason: string, userId = 'wordy'): OutgoingEvent =>
    aDomainEvent({
      type: 'billing.resumption.requested',
      data: { user_id: userId, subscription_id: 'sub_1', outcome: reason },
    });
  const outcomes = async (query: string): Promise<unknown[]> =>
    (await audit.entries(`type=billing.*&limit=200&${query}`)).map(
      ({ data }) => JSON.parse(JSON.stringify(data)).outcome,
    );

  beforeAll(async () => {
    await append([said('the Zebra crossed'), said('a zebra slept, (quickly)'), said('zebras', 'other')]);
  });

  it.each([
    ['q=zebra', ['a zebra slept, (quickly)', 'the Zebra crossed']],
    ['q=CROSSED%20zebra', ['the Zebra crossed']],
    ['q=zebra%20giraffe', []],
    ['q=zeb', []],
    ['q=zebras&user_id=other', ['zebras']],
    ['q=zebras&user_id=wordy', []],
    ["q=zebra'):*%26|!<->", ['a zebra slept, (quickly)', 'the Zebra crossed']],
    ['q=zebra&to=2020-01-01', []],
  ])('?%s finds %j: before and after its words are indexed', async (query, expected) => {
    await asSuperuser(audit.database.adminUrl, 'TRUNCATE audit.entry_words');
    expect(await outcomes(query)).toEqual(expected);
    await audit.follower.catchUp();
    await waitFor('the index', async () => {
      const [behind] = await asSuperuser(
        audit.database.adminUrl,
        'SELECT (SELECT max(seq) FROM audit.entry) - (SELECT max(seq) FROM audit.entry_words) AS entries',
      );
      return Number(behind?.['entries']) === 0;
    });
    expect(await outcomes(query)).toEqual(expected);
  });

  it('pages like any other filter', async () => {
    const first = await audit.page('q=zebra&limit=1');
    const second = await audit.page(`q=zebra&limit=1&cursor=${first.next_cursor}`);
    expect([first.data.length, second.data.length, second.next_cursor]).toEqual([1, 1, null]);
    expect(second.data[0]?.seq).toBeLessThan(first.data[0]?.seq ?? 0);
  });
});

describe('S14: SQL', () => {
  const payloads = [
    "'",
    "' OR '1'='1",
    "'; DROP TABLE audit.entry; --",
    "x' UNION SELECT content FROM audit.entry --",
    '1); SELECT pg_sleep(60) --',
    "\\'; --",
    '$$',
    '%',
    '_',
  ];

  it.each(['user_id', 'request_id', 'stripe_id', 'ip', 'from', 'to', 'q', 'cursor', 'limit', 'sort', 'order'])(
    'in %s is refused, or finds nothing, and does nothing',
    async (name) => {
      for (const payload of payloads) {
        const { status, body } = await audit.get(`/v1/entries?type=billing.*&${name}=${encodeURIComponent(payload)}`);
        const isHarmless = status === 200 ? { data: [], next_cursor: null } : { status: 400, code: 'request_invalid' };
        expect([payload, body]).toEqual([payload, expect.objectContaining(isHarmless)]);
      }
      expect((await audit.get('/v1/chain/verify')).body).toMatchObject({ ok: true });
    },
    30_000,
  );
});

describe('who may ask', () => {
  it.each(['/v1/entries', '/v1/entries/some-id', '/v1/chain/verify'])('%s is for ops alone', async (path) => {
    expect(await audit.get(path, null)).toMatchObject({ status: 401, body: { code: 'token_missing' } });
    expect(await audit.get(path, ['user', 'service'])).toMatchObject({ status: 403, body: { code: 'role_missing' } });
  });
});

describe('the plan of every query', () => {
  const filters: EntryFilter[] = [
    {},
    { userId: 'user-7' },
    { userId: 'user-7', type: { kind: 'prefix', prefix: 'stripe.' } },
    { type: { kind: 'exact', type: 'stripe.invoice.paid' } },
    { type: { kind: 'prefix', prefix: 'stripe.' } },
    { type: { kind: 'exact', type: 'stripe.invoice.paid' }, from: new Date('2020-01-01'), to: new Date('2999-01-01') },
    { ip: '198.51.100.7', ipToken: Buffer.alloc(16) },
    { stripeId: 'cus_7' },
    { requestId: 'request-4-7' },
    { words: 'cus_7' },
    { words: 'cus_7', type: { kind: 'prefix', prefix: 'stripe.' } },
    { words: 'cus_7', userId: 'user-7' },
  ];

  // Otherwise autovacuum decides by the clock whether plans are made with statistics.
  beforeAll(() => asSuperuser(audit.database.adminUrl, 'ANALYZE'));

  it.each(filters)('reads the trail by an index, on the first page and deep down: %j', async (filter) => {
    const dataSource = await connect(audit.database);
    try {
      for (const before of [undefined, '500']) {
        const { text, parameters } = entriesQuery({ ...filter, before }, { limit: 51, order: 'newest' });
        const plan: Record<string, string>[] = await dataSource.query(`EXPLAIN ${text}`, parameters);
        const lines = plan.map((line) => line['QUERY PLAN'] ?? '');
        // The months to come are empty: how they are read is all the same.
        const month = new Date().toISOString().slice(0, 7).replace('-', '_');
        expect(lines.filter((line) => line.includes(`Seq Scan on entry_${month}`))).toEqual([]);
        expect(lines.join('\n')).toMatch(/Index/);
      }
    } finally {
      await dataSource.destroy();
    }
  });

  it('is tried on real rows: the queries run', async () => {
    const dataSource = await connect(audit.database);
    try {
      const store = new EntriesStore(dataSource, sealerOn(dataSource));
      for (const filter of filters) expect((await store.page(filter, 1)).data).toHaveLength(1);
    } finally {
      await dataSource.destroy();
    }
  });
});
