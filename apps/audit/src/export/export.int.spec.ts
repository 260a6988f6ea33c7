import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { startAudit } from '../audit.spec-support.js';
import type { AuditUnderTest } from '../audit.spec-support.js';
import { aDomainEvent, opened, tamper } from '../trail.spec-support.js';
import { entryHash } from '../trail/chain.js';
import { readEntry } from '../trail/export-line.js';

const hostile = '=HYPERLINK("http://evil.example","<script>alert(1)</script>")\r\n"quoted"';
let audit: AuditUnderTest;

beforeAll(async () => {
  audit = await startAudit();
  for (let batch = 0; batch < 25; batch += 1) {
    await audit.append(
      Array.from({ length: 100 }, (_, user) => opened(`user-${user}`, { remoteaddress: '198.51.100.7' })),
    );
  }
  await audit.append([
    aDomainEvent({
      type: 'billing.resumption.requested',
      data: { user_id: hostile, subscription_id: 'sub_1', outcome: hostile },
    }),
  ]);
}, 60_000);
afterAll(async () => {
  await audit?.stop();
});

async function lines(query: string): Promise<Record<string, unknown>[]> {
  const response = await audit.fetch(`/v1/entries/export?${query}`);
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/x-ndjson']);
  const text = await response.text();
  return text
    .trimEnd()
    .split('\n')
    .map((line) => ({ ...JSON.parse(line) }));
}

describe('an export as NDJSON', () => {
  it('holds every entry in order, over many pages, and says that it is complete', async () => {
    const all = await lines('format=ndjson');
    // The export itself is the last one.
    expect(all.slice(0, -1).map(({ seq }) => seq)).toEqual(Array.from({ length: 2_502 }, (_, index) => index + 1));
    expect(all.at(-1)).toEqual({ line: 'end', complete: true, entries: 2_502, last_seq: 2_502 });
    expect(String(all.at(-2)?.['content'])).toContain('"what":"export"');
  });

  it('is enough to check the chain without the service', async () => {
    let before = '0'.repeat(64);
    const hex = (value: unknown): Buffer => Buffer.from(String(value), 'hex');
    for (const entry of (await lines('format=ndjson&limit=1500')).slice(0, -1)) {
      expect(readEntry(entry)).toBeDefined();
      const contentHash = createHash('sha256').update(String(entry['content'])).digest();
      expect([entry['previous_hash'], entry['content_hash']]).toEqual([before, contentHash.toString('hex')]);
      const recorded = String(entry['recorded_at']);
      const recordedAt = BigInt(Date.parse(recorded)) * 1000n + BigInt(recorded.slice(-4, -1));
      const link = { seq: BigInt(Number(entry['seq'])), recordedAt, previousHash: hex(before), contentHash };
      expect(entryHash(link).toString('hex')).toBe(entry['hash']);
      before = String(entry['hash']);
    }
  });

  it.each([1, 1_999, 2_000, 2_001])('says after %i entries that it was cut off, and where to go on', async (limit) => {
    const first = await lines(`format=ndjson&type=billing.account.opened&limit=${limit}`);
    expect(first.at(-1)).toEqual({ line: 'end', complete: false, entries: limit, last_seq: limit });
    const second = await lines(`format=ndjson&type=billing.account.opened&cursor=${limit}`);
    expect(second[0]?.['seq']).toBe(limit + 1);
    expect(second.at(-1)).toMatchObject({ complete: true, entries: 2_500 - limit });
  });

  it('is complete when the cap is met exactly, and when there is nothing', async () => {
    expect((await lines('format=ndjson&type=billing.account.opened&limit=2500')).at(-1)).toMatchObject({
      complete: true,
    });
    expect(await lines('format=ndjson&user_id=nobody')).toEqual([
      { line: 'end', complete: true, entries: 0, last_seq: 0 },
    ]);
  });
});

describe('an export as CSV', () => {
  it('is harmless in a spreadsheet and whole in a program, and says how it ended', async () => {
    const response = await audit.fetch(`/v1/entries/export?format=csv&type=billing.resumption.*`);
    expect(response.headers.get('content-disposition')).toBe('attachment; filename="audit-trail.csv"');
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(await response.arrayBuffer());
    expect(text.startsWith('\uFEFFseq,recorded_at,occurred_at,type,id,user_id,ip,')).toBe(true);
    expect(text).toContain(`"'${hostile.replaceAll('"', '""')}"`);
    expect(text).not.toMatch(/(^|,)"?\s*[=+@]/m);
    expect(text).toMatch(/\r\nend,complete,1 entries,last_seq 2501\r\n$/);
  });

  it('says when it was cut off', async () => {
    const response = await audit.fetch('/v1/entries/export?format=csv&limit=3');
    expect(await response.text()).toMatch(/\r\nend,truncated,3 entries,last_seq 3\r\n$/);
  });
});

describe('the request', () => {
  it.each([
    '',
    'format=xml',
    'format=csv&limit=0',
    'format=csv&limit=10000001',
    'format=csv&ip=nowhere',
    'format=csv&cursor=x',
  ])('is refused: ?%s', async (query) => {
    expect(await audit.get(`/v1/entries/export?${query}`)).toMatchObject({
      status: 400,
      body: { code: 'request_invalid' },
    });
  });

  it('is for ops alone', async () => {
    expect(await audit.get('/v1/entries/export?format=csv', ['user'])).toMatchObject({ status: 403 });
  });

  it('is recorded once for the whole export', async () => {
    const before = await audit.entries('type=audit.trail.read&q=export&limit=200');
    await lines('format=ndjson');
    const after = await audit.entries('type=audit.trail.read&q=export&limit=200');
    expect(after.length - before.length).toBe(1);
  });
});

describe('a second entry of one number, which a superuser has made', () => {
  it('is in the export where a page ends, too', async () => {
    await tamper(
      audit.database.adminUrl,
      `CREATE TEMP TABLE twin AS SELECT * FROM audit.entry WHERE seq = 2000;
       UPDATE twin SET recorded_at = recorded_at + interval '1 microsecond'; INSERT INTO audit.entry SELECT * FROM twin`,
    );
    for (const query of ['format=ndjson', 'format=ndjson&limit=2000'])
      expect((await lines(query)).filter(({ seq }) => seq === 2_000)).toHaveLength(2);
  });
});
