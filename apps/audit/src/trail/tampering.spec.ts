import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { entryHash, genesisHash, sha256 } from './chain.js';
import type { ChainedEntry } from './chain.js';
import { ChainVerifier, entryChecks, Proof } from './chain-verifier.js';
import type { Check, Fault, Verdict } from './chain-verifier.js';
import { CheckpointKey } from './checkpoint.js';
import type { Checkpoint } from './checkpoint.js';

const key = new CheckpointKey(Buffer.alloc(32, 'made-up checkpoint key '));
const foreignKey = new CheckpointKey(Buffer.alloc(32, 'made-up key of a forger '));

/** Heads that were signed; the entries behind the last of them wait for theirs. */
const signedAt = [16, 32, 48];
const lastSigned = 48;
const length = 56;

type Trail = readonly ChainedEntry<Buffer>[];

function chained(before: ChainedEntry<Buffer> | undefined, content: Buffer, recordedAt?: bigint): ChainedEntry<Buffer> {
  const link = {
    seq: (before?.seq ?? 0n) + 1n,
    recordedAt: recordedAt ?? (before?.recordedAt ?? 1_795_392_000_000_000n) + 1n,
    previousHash: before?.hash ?? genesisHash,
    contentHash: sha256(content),
  };
  return { ...link, content, hash: entryHash(link) };
}

function aTrail(contents: readonly Buffer[]): ChainedEntry<Buffer>[] {
  const entries: ChainedEntry<Buffer>[] = [];
  for (const content of contents) entries.push(chained(entries.at(-1), content));
  return entries;
}

const trail = aTrail(Array.from({ length }, (_, index) => Buffer.from(`{"id":"event-${index + 1}"}`)));
const anchored: Checkpoint[] = signedAt.map((seq) => key.sign(entryAt(trail, seq), 1n));

function entryAt(of: Trail, seq: number): ChainedEntry<Buffer> {
  const entry = of[seq - 1];
  if (entry === undefined) throw new Error(`no entry ${seq}`);
  return entry;
}

interface Evidence {
  entries: Trail;
  checkpoints?: readonly Checkpoint[];
}

function verdictOn(
  { entries, checkpoints = anchored }: Evidence,
  checks: readonly Check[] = entryChecks,
  isWhole = true,
): Verdict {
  const verifier = new ChainVerifier(new Proof(checkpoints, [key.publicKey]), undefined, checks);
  for (const entry of entries) if (!verifier.add(entry)) break;
  return verifier.verdict(isWhole);
}

/** Everything from `at` (a seq) on, written anew so that it fits together again. */
function rehashed(entries: Trail, at: number, content: Buffer): ChainedEntry<Buffer>[] {
  const written = entries.slice(0, at - 1);
  for (const entry of entries.slice(at - 1)) {
    const recordedAt = entry.recordedAt < (written.at(-1)?.recordedAt ?? 0n) ? undefined : entry.recordedAt;
    written.push(chained(written.at(-1), Number(entry.seq) === at ? content : entry.content, recordedAt));
  }
  return written;
}

function flipped(bytes: Buffer, bit: number): Buffer {
  const changed = Buffer.from(bytes);
  const place = bit % (changed.length * 8);
  changed.writeUInt8(changed.readUInt8(place >> 3) ^ (1 << (place & 7)), place >> 3);
  return changed;
}

function withBitFlipped(entry: ChainedEntry<Buffer>, field: number, bit: number): ChainedEntry<Buffer> {
  switch (field) {
    case 0:
      return { ...entry, content: flipped(entry.content, bit) };
    case 1:
      return { ...entry, contentHash: flipped(entry.contentHash, bit) };
    case 2:
      return { ...entry, previousHash: flipped(entry.previousHash, bit) };
    case 3:
      return { ...entry, hash: flipped(entry.hash, bit) };
    case 4:
      return { ...entry, recordedAt: entry.recordedAt ^ (1n << BigInt(bit % 50)) };
    default:
      return { ...entry, seq: entry.seq ^ (1n << BigInt(bit % 8)) };
  }
}

/** What somebody can do who is past every grant, trigger and function: `at` is where, `bit` and `field` are the dice. */
const mutations: Record<string, (dice: { at: number; other: number; field: number; bit: number }) => Trail> = {
  'a bit flipped': ({ at, field, bit }) => trail.with(at - 1, withBitFlipped(entryAt(trail, at), field, bit)),
  'an entry deleted': ({ at }) => trail.toSpliced(at - 1, 1),
  'an entry deleted and the rest written anew': ({ at }) =>
    aTrail(trail.toSpliced(at - 1, 1).map(({ content }) => content)),
  'an entry inserted': ({ at, bit }) =>
    trail.toSpliced(at - 1, 0, chained(trail[at - 2], Buffer.from(`{"id":"forged-${bit}"}`))),
  'an entry inserted and the rest written anew': ({ at, bit }) =>
    aTrail(trail.map(({ content }) => content).toSpliced(at - 1, 0, Buffer.from(`{"id":"forged-${bit}"}`))),
  'two entries exchanged': ({ at, other }) =>
    trail.with(at - 1, entryAt(trail, other)).with(other - 1, entryAt(trail, at)),
  'two contents exchanged and all written anew': ({ at, other }) => {
    const contents = trail.map(({ content }) => content);
    const [one, two] = [entryAt(trail, at).content, entryAt(trail, other).content];
    return aTrail(contents.with(at - 1, two).with(other - 1, one));
  },
  'a suffix hashed anew': ({ at, bit }) => rehashed(trail, at, Buffer.from(`{"id":"rewritten-${bit}"}`)),
  'a tail cut off': ({ at }) => trail.slice(0, at - 1),
  'a clone that forks': ({ at, bit }) =>
    aTrail(
      trail.map(({ content }, index) => (index < at - 1 ? content : Buffer.from(`{"id":"fork-${bit}-${index}"}`))),
    ),
  'the beginning deleted': ({ at }) => trail.slice(at),
};

describe('F67: what a superuser changes at or before the last checkpoint that was noted', () => {
  it('nothing was changed: it holds', () => {
    expect(verdictOn({ entries: trail })).toMatchObject({
      ok: true,
      entries: length,
      checkpoints: { count: 3, last_seq: lastSigned },
    });
  });

  it('is found, 10,000 times out of 10,000', () => {
    const names = Object.keys(mutations);
    const unseen: unknown[] = [];
    let tried = 0;
    const dice = fc.record({
      name: fc.constantFrom(...names),
      at: fc.integer({ min: 1, max: lastSigned }),
      distance: fc.integer({ min: 1, max: lastSigned - 1 }),
      field: fc.integer({ min: 0, max: 5 }),
      bit: fc.nat(4_000),
    });
    fc.assert(
      fc.property(dice, ({ name, at, distance, field, bit }) => {
        const other = ((at - 1 + distance) % lastSigned) + 1;
        const entries = mutations[name]?.({ at, other, field, bit });
        if (entries === undefined) throw new Error(name);
        tried += 1;
        if (verdictOn({ entries }).ok) unseen.push({ name, at, other, field, bit });
      }),
      { numRuns: 10_000 },
    );
    expect({ tried, unseen }).toEqual({ tried: 10_000, unseen: [] });
  }, 60_000);

  it('is found although it was signed again, by whoever has not the key', () => {
    const entries = aTrail(
      trail.map(({ content }, index) => (index === 20 ? Buffer.from('{"id":"forged"}') : content)),
    );
    const signedAnew = signedAt.map((seq) => foreignKey.sign(entryAt(entries, seq), 1n));
    const claiming = signedAnew.map((each) => ({ ...each, keyId: key.id }));
    for (const checkpoints of [signedAnew, claiming, [...anchored, ...signedAnew]]) {
      expect(verdictOn({ entries, checkpoints })).toMatchObject({ ok: false });
    }
    expect(verdictOn({ entries, checkpoints: signedAnew })).toMatchObject({
      first_bad: { seq: 16, fault: 'checkpoint_foreign' },
    });
  });
});

describe('a month that was taken away', () => {
  const november = 1_795_910_400_000_000n;
  const december = november + 30n * 86_400_000_000n;
  const first = [1, 2, 3].reduce<ChainedEntry<Buffer>[]>(
    (entries, n) => [...entries, chained(entries.at(-1), Buffer.from(`{"id":"${n}"}`), november + BigInt(n))],
    [],
  );
  const whole = [4, 5].reduce(
    (entries, n) => [...entries, chained(entries.at(-1), Buffer.from(`{"id":"${n}"}`), december + BigInt(n))],
    first,
  );
  const closing = key.sign(entryAt(whole, 3), 1n);
  const middle = key.sign(entryAt(whole, 2), 1n);
  const remaining = whole.slice(3);

  it('leaves the rest as good as before, if its last entry has a checkpoint', () => {
    expect(verdictOn({ entries: remaining, checkpoints: [closing] })).toMatchObject({
      ok: true,
      first: { seq: 4 },
      head: { seq: 5 },
    });
  });

  it.each<[string, Evidence]>([
    ['without that checkpoint', { entries: remaining, checkpoints: [middle] }],
    [
      'with one that somebody else signed',
      { entries: remaining, checkpoints: [foreignKey.sign(entryAt(whole, 3), 1n)] },
    ],
    ['with less than the month gone', { entries: whole.slice(2), checkpoints: [middle, closing] }],
  ])('is a beginning that is missing %s', (_, evidence) => {
    expect(verdictOn(evidence)).toMatchObject({ ok: false, first_bad: { seq: 1, fault: 'missing' } });
  });

  it('may begin behind any checkpoint when that is what was asked for', () => {
    const verifier = new ChainVerifier(new Proof([middle, closing], [key.publicKey]), 3n);
    for (const entry of whole.slice(2)) verifier.add(entry);
    expect(verifier.verdict(true)).toMatchObject({ ok: true, entries: 3, first: { seq: 3 } });
  });
});

describe('each check of the verifier', () => {
  const tail = lastSigned + 2;
  const multiple = 1_000;
  const long = aTrail(Array.from({ length: multiple + 1 }, (_, index) => Buffer.from(String(index))));

  function withGapAt(seq: number): Trail {
    const before = trail.slice(0, seq - 1);
    const link = { ...chained(before.at(-1), Buffer.from('{}')), seq: BigInt(seq + 1) };
    return [...before, { ...link, hash: entryHash(link) }];
  }

  function alone(seq: number): Trail {
    const entry = entryAt(trail, seq);
    return trail.with(seq - 1, chained(trail[seq - 2], Buffer.from('{"id":"forged"}'), entry.recordedAt));
  }

  const forged = aTrail(trail.map(({ content }, index) => (index === 20 ? Buffer.from('{}') : content)));

  /** What only this check finds: what is changed behind the last checkpoint, where each has to stand for itself. */
  const onlyFoundBy: Partial<Record<Fault, Evidence>> = {
    missing: { entries: withGapAt(tail) },
    recorded_at_decreased: { entries: [...trail.slice(0, tail - 1), chained(trail[tail - 2], Buffer.from('{}'), 1n)] },
    previous_hash_differs: { entries: alone(20) },
    content_hash_differs: {
      entries: trail.with(19, { ...entryAt(trail, 20), content: Buffer.from('{"id":"forged"}') }),
    },
    hash_differs: {
      entries: trail.with(19, {
        ...entryAt(trail, 20),
        contentHash: sha256(Buffer.from('{}')),
        content: Buffer.from('{}'),
      }),
    },
    checkpoint_foreign: {
      entries: forged,
      checkpoints: signedAt.map((seq) => foreignKey.sign(entryAt(forged, seq), 1n)),
    },
    checkpoint_differs: { entries: forged },
    checkpoint_missing: { entries: long, checkpoints: [key.sign(entryAt(long, multiple + 1), 1n)] },
  };

  it.each(entryChecks.map(({ fault }) => fault))('finds what no other does: %s', (fault) => {
    const evidence = onlyFoundBy[fault];
    if (evidence === undefined) throw new Error(`no example of ${fault}`);
    expect(verdictOn(evidence)).toMatchObject({ ok: false, first_bad: { fault } });
    const others = entryChecks.filter((check) => check.fault !== fault);
    expect(verdictOn(evidence, others)).toMatchObject({ ok: true });
  });

  it('and that nothing signed is left out at the end', () => {
    const cut = { entries: trail.slice(0, lastSigned - 1) };
    expect(verdictOn(cut)).toMatchObject({ ok: false, first_bad: { seq: lastSigned, fault: 'missing' } });
    expect(verdictOn(cut, entryChecks, false)).toMatchObject({ ok: true });
  });
});
