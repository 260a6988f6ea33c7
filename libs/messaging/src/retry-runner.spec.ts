import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { RetryRunner } from './retry-runner.store.js';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

/** Started, with a source of which each look is counted; nothing is due. */
function started(): { runner: RetryRunner; looks: () => number } {
  let looks = 0;
  const runner = new RetryRunner();
  runner.add({ consumer: 'spec', retryNext: () => Promise.resolve((looks += 1) < 0) });
  runner.onApplicationBootstrap();
  return { runner, looks: () => looks };
}

it('tries nothing again in the first five seconds of a process, and then twice a second', async () => {
  const { runner, looks } = started();
  await jest.advanceTimersByTimeAsync(4_999);
  expect(looks()).toBe(0);
  await jest.advanceTimersByTimeAsync(1_001);
  expect(looks()).toBe(3);
  await runner.beforeApplicationShutdown();
});

it('stops at once while it rests', async () => {
  const { runner, looks } = started();
  await runner.beforeApplicationShutdown();
  await jest.advanceTimersByTimeAsync(20_000);
  expect(looks()).toBe(0);
});
