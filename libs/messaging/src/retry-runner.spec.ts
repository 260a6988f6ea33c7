import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { RetryRunner } from './retry-runner.store.js';

let runner: RetryRunner;
let asked = 0;

beforeEach(() => {
  jest.useFakeTimers();
  asked = 0;
  runner = new RetryRunner();
  runner.add({
    consumer: 'spec',
    retryNext: () => {
      asked += 1;
      return Promise.resolve(false);
    },
  });
});
afterEach(() => {
  jest.useRealTimers();
});

it('F24: retries nothing in the first five seconds of its process, which others may kill soon after each start', async () => {
  runner.onApplicationBootstrap();
  await jest.advanceTimersByTimeAsync(4_999);
  expect(asked).toBe(0);
  await jest.advanceTimersByTimeAsync(1);
  expect(asked).toBe(1);
  await jest.advanceTimersByTimeAsync(500);
  expect(asked).toBe(2);
  await runner.beforeApplicationShutdown();
});

it('ends at once, without a try, where its process ends before that', async () => {
  runner.onApplicationBootstrap();
  await runner.beforeApplicationShutdown();
  await jest.advanceTimersByTimeAsync(60_000);
  expect(asked).toBe(0);
});
