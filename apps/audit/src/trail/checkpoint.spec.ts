import { describe, expect, it } from '@jest/globals';
import { samples } from '@billhook/contracts';
import { createHash, createPublicKey } from 'node:crypto';
import { checkpointLine, readCheckpoint } from './checkpoint-line.js';
import { CheckpointKey, isSigned } from './checkpoint.js';
import { fromIso, toIso } from './instants.js';

const key = new CheckpointKey(Buffer.alloc(32, 'made-up checkpoint key '));
const head = {
  seq: 1_000n,
  recordedAt: 1_795_392_000_123_456n,
  hash: createHash('sha256').update('a head').digest(),
};
const checkpoint = key.sign(head, 1_795_392_001_000_000n);
const publicKeys = [createPublicKey(key.publicPem())];

describe('a checkpoint', () => {
  it('holds under the public key, and after it has been a line', () => {
    expect(isSigned(checkpoint, publicKeys)).toBe(true);
    const read = readCheckpoint(JSON.parse(checkpointLine(checkpoint)));
    expect(read).toEqual(checkpoint);
  });

  it.each([
    { seq: 999n },
    { recordedAt: head.recordedAt + 1n },
    { hash: createHash('sha256').update('another').digest() },
    { signedAt: 1n },
    { signature: Buffer.alloc(64) },
    { signature: Buffer.alloc(3) },
    { keyId: 'nobody' },
  ])('does not hold with something changed: %p', (change) => {
    expect(isSigned({ ...checkpoint, ...change }, publicKeys)).toBe(false);
  });

  it('of another key does not hold, whatever it calls itself', () => {
    const foreign = new CheckpointKey(Buffer.alloc(32, 'another made-up key ')).sign(head, 1n);
    expect(isSigned(foreign, publicKeys)).toBe(false);
    expect(isSigned({ ...foreign, keyId: key.id }, publicKeys)).toBe(false);
  });

  it.each([{}, null, { line: 'checkpoint' }, { line: 'checkpoint', ...samples['audit.checkpoint.signed'], hash: 'x' }])(
    'is not read from %j',
    (line) => {
      expect(readCheckpoint(line)).toBeUndefined();
    },
  );

  it('is read from what its event says', () => {
    expect(readCheckpoint({ line: 'checkpoint', ...samples['audit.checkpoint.signed'] })).toMatchObject({
      seq: 1_000n,
    });
  });
});

describe('times with six digits', () => {
  it.each([
    [1_795_392_000_123_456n, '2026-11-23T00:00:00.123456Z'],
    [0n, '1970-01-01T00:00:00.000000Z'],
    [-1n, '1969-12-31T23:59:59.999999Z'],
  ])('%d is %s, and back', (microseconds, text) => {
    expect(toIso(microseconds)).toBe(text);
    expect(fromIso(text)).toBe(microseconds);
  });

  it.each(['2026-11-23T00:00:00Z', '2026-13-23T00:00:00.000000Z', ''])('%s is none', (text) => {
    expect(fromIso(text)).toBeUndefined();
  });
});
