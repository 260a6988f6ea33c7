import { describe, expect, it } from '@jest/globals';
import { attributesSchema } from '@billhook/contracts';
import { verifyChain } from './chain-verifier.js';
import { entryHash, genesisHash, sha256 } from './chain.js';
import type { StoredEntry } from './chain.js';
import { contentBytes, toDraft } from './content.js';

function anEntry(seq: number, before: StoredEntry | undefined): StoredEntry {
  const attributes = attributesSchema.parse({
    id: `event-${seq}`,
    source: 'spec',
    type: 'billing.account.opened',
    time: '2026-11-23T09:00:00Z',
  });
  const { content: read } = toDraft({ attributes, body: Buffer.from(`{"user_id":"user-${seq}"}`) });
  const content = contentBytes(read);
  const link = {
    seq: BigInt(seq),
    recordedAt: 1_795_392_000_000_000n + BigInt(seq),
    previousHash: before?.hash ?? genesisHash,
    contentHash: sha256(content),
  };
  const { user_id, customer_id, customer_via, stripe_ids, request_id, cause_id } = read;
  return {
    ...link,
    hash: entryHash(link),
    content,
    columns: {
      event_id: read.id,
      type: read.type,
      user_id,
      customer_id,
      customer_via,
      stripe_ids: JSON.stringify(stripe_ids),
      ip: null,
      user_agent: null,
      request_id,
      cause_id,
      occurred_at: BigInt(Date.parse('2026-11-23T09:00:00Z')) * 1_000n,
    },
  };
}

function aTrail(length: number): StoredEntry[] {
  const entries: StoredEntry[] = [];
  for (let seq = 1; seq <= length; seq += 1) entries.push(anEntry(seq, entries.at(-1)));
  return entries;
}

/** In pages of two. */
async function* stream(entries: StoredEntry[]): AsyncGenerator<StoredEntry[]> {
  for (let index = 0; index < entries.length; index += 2) yield await Promise.resolve(entries.slice(index, index + 2));
}

const changed = (entries: StoredEntry[], seq: number, change: Partial<StoredEntry>): StoredEntry[] =>
  entries.map((entry) => (entry.seq === BigInt(seq) ? { ...entry, ...change } : entry));

describe('the hash of an entry', () => {
  // Computed apart from this code, by Python's hashlib and struct.pack('>qq', seq, recorded_at).
  it('is the one of the description, for the first entry and the one after', () => {
    const first = entryHash({
      seq: 1n,
      recordedAt: 1_795_392_000_123_456n,
      previousHash: genesisHash,
      contentHash: sha256(Buffer.from('{"a":1}')),
    });
    expect(first.toString('hex')).toBe('98675113f23f80722c5953d67029f89fb3cd2c99d24794cc72732b12bd5d3d5f');
    const second = entryHash({
      seq: 2n,
      recordedAt: 1_795_392_000_123_457n,
      previousHash: first,
      contentHash: sha256(Buffer.from('{"b":2}')),
    });
    expect(second.toString('hex')).toBe('ef6cf77e9d3703194c5d38d30d0fa9bec50f63936f59cd3383967aa1831e358a');
  });
});

describe('walking the chain', () => {
  const trail = aTrail(5);

  it('says ok and names the head', async () => {
    const head = { seq: 5, hash: trail[4]?.hash.toString('hex') };
    expect(await verifyChain(stream(trail))).toEqual({
      ok: true,
      entries: 5,
      first: { seq: 1, recorded_at: '2026-11-23T00:00:00.000001Z' },
      head,
      checkpoints: { count: 0, last_seq: null },
    });
  });

  it('says ok to an empty trail', async () => {
    expect(await verifyChain(stream([]))).toMatchObject({ ok: true, entries: 0, first: null, head: null });
  });

  const faultAt = async (entries: StoredEntry[]): Promise<unknown> => {
    const verdict = await verifyChain(stream(entries));
    return verdict.ok ? undefined : verdict.first_bad;
  };

  it('finds the first entry gone, one in the middle gone, and one in front of the first', async () => {
    expect(await faultAt(trail.slice(1))).toEqual({ seq: 1, fault: 'missing' });
    expect(await faultAt(trail.toSpliced(2, 1))).toEqual({ seq: 3, fault: 'missing' });
    expect(await faultAt([anEntry(0, undefined), ...trail])).toEqual({ seq: 1, fault: 'missing' });
  });

  it('finds changed bytes, also when their hash was changed with them', async () => {
    const content = Buffer.from((trail[2]?.content ?? Buffer.alloc(0)).toString().replace('user-3', 'user-9'));
    expect(await faultAt(changed(trail, 3, { content }))).toEqual({ seq: 3, fault: 'content_hash_differs' });
    expect(await faultAt(changed(trail, 3, { content, contentHash: sha256(content) }))).toEqual({
      seq: 3,
      fault: 'hash_differs',
    });
  });

  it('finds an entry that was hashed afresh, at the entry after it', async () => {
    const forged = anEntry(3, trail[1]);
    const link = { ...forged, recordedAt: forged.recordedAt + 1n };
    const entries = changed(trail, 3, { recordedAt: link.recordedAt, hash: entryHash(link) });
    expect(await faultAt(entries)).toEqual({ seq: 4, fault: 'previous_hash_differs' });
  });

  it('finds two entries that changed places', async () => {
    const [second, third] = [trail[1], trail[2]];
    const entries = trail.map((entry) => {
      if (entry === second && third !== undefined) return { ...third, seq: 2n };
      if (entry === third && second !== undefined) return { ...second, seq: 3n };
      return entry;
    });
    expect(await faultAt(entries)).toMatchObject({ seq: 2 });
  });

  it.each<[string, string | Buffer]>([
    ['half a JSON', '{'],
    ['a list', '[]'],
    ['nothing', 'null'],
    ['bytes that are no text', Buffer.from([0xff])],
  ])('finds a content that is %s although every hash fits', async (_, bytes) => {
    const content = Buffer.from(bytes);
    const link = { ...anEntry(3, trail[1]), contentHash: sha256(content), content };
    const entries = [...trail.slice(0, 2), { ...link, hash: entryHash(link) }];
    expect(await faultAt(entries)).toEqual({ seq: 3, fault: 'content_unreadable' });
  });

  it('finds a time that runs backwards although every hash fits', async () => {
    const first = anEntry(1, undefined);
    const link = { ...anEntry(2, first), recordedAt: first.recordedAt - 1n };
    expect(await faultAt([first, { ...link, hash: entryHash(link) }])).toEqual({
      seq: 2,
      fault: 'recorded_at_decreased',
    });
  });

  it.each([
    { event_id: 'another' },
    { type: 'billing.tier.changed' },
    { user_id: 'user-9' },
    { user_id: null },
    { customer_id: 'cus_1' },
    { customer_via: 'in_1' },
    { stripe_ids: '["cus_1"]' },
    { ip: '203.0.113.7' },
    { user_agent: 'x' },
    { request_id: 'x' },
    { cause_id: 'x' },
    { occurred_at: null },
    { occurred_at: BigInt(Date.parse('2026-11-23T09:00:00Z')) * 1_000n + 1n },
  ])('finds a column that says otherwise than the content: %o', async (change) => {
    const columns = { ...anEntry(3, undefined).columns, ...change };
    expect(await faultAt(changed(trail, 3, { columns }))).toEqual({ seq: 3, fault: 'columns_differ_from_content' });
  });
});
