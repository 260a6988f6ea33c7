import { expect, it, test } from '@jest/globals';
import { isConflict, isLockTimeout, retryingConflicts } from './conflicts.js';

const failure = (code: string): Error => Object.assign(new Error(code), { code });

test.each(['40001', '40P01'])('F31: tries a transaction again that PostgreSQL sacrificed (%s)', async (code) => {
  let tries = 0;
  const result = await retryingConflicts(() => {
    tries += 1;
    return tries < 3 ? Promise.reject(failure(code)) : Promise.resolve('done');
  });
  expect([result, tries]).toEqual(['done', 3]);
});

it('F31: gives up after five more tries', async () => {
  let tries = 0;
  const hopeless = retryingConflicts(() => {
    tries += 1;
    return Promise.reject(failure('40P01'));
  });
  await expect(hopeless).rejects.toMatchObject({ code: '40P01' });
  expect(tries).toBe(6);
});

it('tries nothing again that failed for another reason', async () => {
  let tries = 0;
  const failed = retryingConflicts(() => {
    tries += 1;
    return Promise.reject(failure('23505'));
  });
  await expect(failed).rejects.toMatchObject({ code: '23505' });
  expect(tries).toBe(1);
});

it('tells a lock that others held from a deadlock', () => {
  expect([isLockTimeout(failure('55P03')), isConflict(failure('55P03')), isLockTimeout('55P03')]).toEqual([
    true,
    false,
    false,
  ]);
});
