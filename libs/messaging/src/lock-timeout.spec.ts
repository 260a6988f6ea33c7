import { expect, it } from '@jest/globals';
import { isLockTimeout } from './lock-timeout.js';

it('tells a lock that others held from a deadlock', () => {
  const failure = (code: string): Error => Object.assign(new Error(code), { code });
  expect([failure('55P03'), failure('40P01'), '55P03'].map(isLockTimeout)).toEqual([true, false, false]);
});
