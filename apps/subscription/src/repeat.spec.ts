import { expect, it } from '@jest/globals';
import { repeat } from './repeat.js';

/** Does each of these in turn, then aborts; says what was reported. */
async function play(turns: (() => Promise<boolean>)[], everyMs = 1): Promise<unknown[]> {
  const abort = new AbortController();
  const failures: unknown[] = [];
  const left = [...turns];
  const work = async () => {
    const turn = left.shift();
    if (turn !== undefined) return turn();
    abort.abort();
    return false;
  };
  await repeat({ everyMs, signal: abort.signal, work, failed: (error) => failures.push(error) });
  return failures;
}

const fails = () => Promise.reject(new Error('away'));
const succeeds = () => Promise.resolve(false);

it('reports the first of several failures in a row, and goes on', async () => {
  expect(await play([fails, fails, succeeds, fails, fails, succeeds])).toHaveLength(2);
});

it('makes no pause as long as there is more to do, and ends the last pause when aborted', async () => {
  const more = () => Promise.resolve(true);
  const minute = 60_000;
  expect(await play([more, more, more], minute)).toEqual([]);
});
