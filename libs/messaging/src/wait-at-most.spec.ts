import { expect, it } from '@jest/globals';
import { waitAtMost } from './wait-at-most.js';

const hanging = new Promise<never>(() => undefined);
const longMs = 600_000;

it('goes on without what hangs', async () => {
  await expect(waitAtMost(1, hanging)).resolves.toBeUndefined();
});

it('goes on as soon as it has ended, or where there is nothing to wait for', async () => {
  await expect(waitAtMost(longMs, Promise.resolve('done'))).resolves.toBeUndefined();
  await expect(waitAtMost(longMs, undefined)).resolves.toBeUndefined();
});

it('rejects as what it waits for does', async () => {
  await expect(waitAtMost(longMs, Promise.reject(new Error('broken')))).rejects.toThrow('broken');
});
