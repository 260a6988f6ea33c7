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
