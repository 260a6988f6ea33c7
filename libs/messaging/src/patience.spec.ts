import { expect, it } from '@jest/globals';
import { Patience } from './patience.js';

it('waits less than half a second for a batch, and hardly at all once that was in vain', () => {
  const patience = new Patience();
  expect(patience.lockTimeoutMs).toBe(450);
  patience.waited(460.7);
  expect(patience.lockTimeoutMs).toBe(39);
  patience.waited(40);
  expect(patience.lockTimeoutMs).toBe(2);
});
