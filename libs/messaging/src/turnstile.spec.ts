import { expect, it } from '@jest/globals';
import { Turnstile } from './turnstile.js';

it('lets the next pass once the one before holds its locks, in the order in which they came', async () => {
  const turnstile = new Turnstile();
  const passed: number[] = [];
  const batches = [1, 2, 3].map(async (number) => {
    const turn = await turnstile.pass();
    passed.push(number);
    return turn;
  });
  const [first, second, third] = batches;
  (await first)?.locked();
  const turn = await second;
  expect(passed).toEqual([1, 2]);
  turn?.locked();
  await third;
  expect(passed).toEqual([1, 2, 3]);
});

it('takes along who waits behind one that gave up, and lets whoever comes afterwards pass', async () => {
  const turnstile = new Turnstile();
  const first = await turnstile.pass();
  const waiting = [turnstile.pass(), turnstile.pass()];
  first.gaveUp(new Error('no database'));
  first.locked();
  expect(await Promise.allSettled(waiting)).toMatchObject([{ status: 'rejected' }, { status: 'rejected' }]);
  const later = await turnstile.pass();
  later.gaveUp(new Error('again'));
  (await turnstile.pass()).locked();
});
