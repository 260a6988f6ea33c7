import { expect, it } from '@jest/globals';
import { isCanceled, isHeldUp } from './held-up.js';

const failures = ['55P03', '57014', '40P01'].map((code) => Object.assign(new Error(code), { code }));

it('tells a lock that others held and a statement that was cancelled from a deadlock', () => {
  expect([...failures, '55P03'].map(isHeldUp)).toEqual([true, true, false, false]);
  expect(failures.map(isCanceled)).toEqual([false, true, false]);
});
