import { describe, expect, it } from '@jest/globals';
import { Signal } from './signal.js';

const anHour = 3_600_000;

describe('Signal', () => {
  it('wakes who waits', async () => {
    const signal = new Signal();
    const waiting = signal.wait(anHour);
    signal.set();
    await expect(waiting).resolves.toBe(true);
  });

  it('remembers a call that came while nobody waited', async () => {
    const signal = new Signal();
    signal.set();
    await expect(signal.wait(anHour)).resolves.toBe(true);
  });

  it('wakes once per call, and by itself after the time', async () => {
    const signal = new Signal();
    signal.set();
    await signal.wait(anHour);
    let woken = false;
    const waiting = signal.wait(30).then((wasSet) => {
      woken = true;
      return wasSet;
    });
    await Promise.resolve();
    expect(woken).toBe(false);
    expect(await waiting).toBe(false);
    expect(woken).toBe(true);
  });
});
