import { describe, expect, it } from '@jest/globals';
import { Retryable } from '@billhook/runtime';
import { Deadline } from './deadline.js';

describe('a deadline', () => {
  it('leaves both of the SDK’s tries within the time that is left', () => {
    let now = 1_000;
    const deadline = new Deadline(10_000, () => now);
    expect(deadline.callOptions()).toEqual({ timeout: 4_750, maxNetworkRetries: 1 });
    now += 8_000;
    expect(deadline.callOptions()).toEqual({ timeout: 750, maxNetworkRetries: 1 });
    expect(deadline.remainingMs()).toBe(2_000);
  });

  it('refuses to begin a call that could not end in time', () => {
    let now = 0;
    const deadline = new Deadline(10_000, () => now);
    now = 9_500;
    expect(() => deadline.callOptions()).toThrow(new Retryable('stripe_timeout'));
    now = 20_000;
    expect(deadline.remainingMs()).toBe(0);
  });
});
