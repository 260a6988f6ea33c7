import { describe, expect, it } from '@jest/globals';
import { RateLimit } from './rate-limit.js';

describe('a rate limit', () => {
  const letThrough = (limit: RateLimit, requests: number, now: number) =>
    Array.from({ length: requests }, () => limit.takes(now)).filter(Boolean).length;

  it('lets so many through at once, and no more', () => {
    expect(letThrough(new RateLimit(25), 100, 0)).toBe(25);
  });

  it('lets through as many a second as it says, however they are spread', () => {
    const limit = new RateLimit(10);
    letThrough(limit, 10, 0);
    expect(letThrough(limit, 10, 500)).toBe(5);
    expect(letThrough(limit, 10, 1000)).toBe(5);
  });

  it('saves up no more than one second’s worth', () => {
    const limit = new RateLimit(10);
    letThrough(limit, 10, 0);
    expect(letThrough(limit, 100, 3_600_000)).toBe(10);
  });
});
