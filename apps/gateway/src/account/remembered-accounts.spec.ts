import { describe, expect, it } from '@jest/globals';
import { RememberedAccounts } from './remembered-accounts.js';

const nothing = { account: null, change: null };

/** Reads that are answered when the spec says so. */
function memoryWithReads() {
  const reads: PromiseWithResolvers<typeof nothing>[] = [];
  const clock = { now: 0 };
  const readNow = (): Promise<typeof nothing> => {
    const read = Promise.withResolvers<typeof nothing>();
    reads.push(read);
    return read.promise;
  };
  return { memory: new RememberedAccounts(readNow, () => clock.now), reads, clock };
}

describe('remembered accounts', () => {
  it('are read once for all who come meanwhile and after', async () => {
    const { memory, reads } = memoryWithReads();
    const both = [memory.read('ann'), memory.read('ann')];
    reads[0]?.resolve(nothing);
    await Promise.all(both);
    await memory.read('ann');
    expect(reads).toHaveLength(1);
  });

  it('are read again once one is said to have changed, or any of them may have', async () => {
    const { memory, reads } = memoryWithReads();
    void memory.read('ann');
    void memory.read('bob');
    memory.forget('ann');
    void memory.read('ann');
    void memory.read('bob');
    expect(reads).toHaveLength(3);
    memory.forgetAll();
    void memory.read('bob');
    expect(reads).toHaveLength(4);
  });

  it('are not kept where one changes while it is being read', async () => {
    const { memory, reads } = memoryWithReads();
    const before = memory.read('ann');
    memory.forget('ann');
    reads[0]?.resolve(nothing);
    await before;
    void memory.read('ann');
    expect(reads).toHaveLength(2);
  });

  it('are read again after a failure, which only those hear of who waited for it', async () => {
    const { memory, reads } = memoryWithReads();
    const failing = memory.read('ann');
    reads[0]?.reject(new Error('no database'));
    await expect(failing).rejects.toThrow('no database');
    const next = memory.read('ann');
    reads[1]?.resolve(nothing);
    await expect(next).resolves.toBe(nothing);
  });

  it('are not believed for longer than five seconds', () => {
    const { memory, reads, clock } = memoryWithReads();
    void memory.read('ann');
    clock.now = 4_999;
    void memory.read('ann');
    expect(reads).toHaveLength(1);
    clock.now = 5_000;
    void memory.read('ann');
    expect(reads).toHaveLength(2);
  });
});
