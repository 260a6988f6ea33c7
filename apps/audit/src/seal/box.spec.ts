import { describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { blindToken } from './blind-index.js';
import { opened, sealed } from './box.js';
import { MasterKeys } from './master-keys.js';

const key = randomBytes(32);
const plain = Buffer.from('203.0.113.7');

describe('a box', () => {
  it('opens under its key, where it belongs, and is never the same twice', () => {
    const box = sealed(plain, key, 'event-1');
    expect(opened(box, key, 'event-1')).toEqual(plain);
    expect(sealed(plain, key, 'event-1')).not.toEqual(box);
    expect(box.includes(plain)).toBe(false);
  });

  it('does not open under another key, in another place, or with any bit of it changed', () => {
    const box = sealed(plain, key, 'event-1');
    expect(opened(box, randomBytes(32), 'event-1')).toBeUndefined();
    expect(opened(box, key, 'event-2')).toBeUndefined();
    expect(opened(box.subarray(0, 27), key, 'event-1')).toBeUndefined();
    for (let bit = 0; bit < box.length * 8; bit += 1) {
      const changed = Buffer.from(box);
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      expect(opened(changed, key, 'event-1')).toBeUndefined();
    }
  });
});

describe('master keys', () => {
  const [first, second] = [randomBytes(32), randomBytes(32)];

  it('open what each of them wrapped, and wrap under the first', () => {
    const before = MasterKeys.from([first]).wrap(key, 'key-1');
    const rotated = MasterKeys.from([second, first]);
    expect(rotated.unwrap(before, 'key-1')).toEqual(key);
    const after = rotated.wrap(key, 'key-1');
    expect(after.masterKeyId).not.toBe(before.masterKeyId);
    expect(MasterKeys.from([second]).unwrap(after, 'key-1')).toEqual(key);
  });

  it('open nothing that another wrapped, and nobody a key that is not theirs', () => {
    const wrapped = MasterKeys.from([first]).wrap(key, 'key-1');
    expect(MasterKeys.from([second]).unwrap(wrapped, 'key-1')).toBeUndefined();
    expect(MasterKeys.from([first]).unwrap(wrapped, 'key-2')).toBeUndefined();
  });
});

describe('a blind token', () => {
  it('is the same for the same value, another for another, and nobody else can make it', () => {
    const token = blindToken(key, 'ip', '203.0.113.7');
    expect(token).toHaveLength(16);
    expect(blindToken(key, 'ip', '203.0.113.7')).toEqual(token);
    expect(blindToken(key, 'ip', '203.0.113.8')).not.toEqual(token);
    expect(blindToken(randomBytes(32), 'ip', '203.0.113.7')).not.toEqual(token);
  });
});
