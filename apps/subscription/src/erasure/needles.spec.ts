import { describe, expect, it } from '@jest/globals';
import { customerIn, needlesOf, subjectNeedle } from './needles.js';

describe('what an erasure looks for', () => {
  const needles = needlesOf({ userId: '7', customerIds: ['cus_1'], objectIds: ['in_9'] });
  const finds = (text: string): boolean => needles.some((needle) => text.includes(needle));

  it.each([
    ['{"customer":"cus_1"}', true],
    ['{"customer":"cus_12"}', false],
    ['{"invoice": "in_9"}', true],
    ['{"metadata":{"user_id":"7"}}', true],
    ['{\n  "client_reference_id": "7"\n}', true],
    ['{"quantity":"7"}', false],
    ['{"user_id":"77"}', false],
  ])('in %j: %s', (text, isTheirs) => {
    expect(finds(text)).toBe(isTheirs);
  });

  it('is an id as JSON has it', () => {
    expect(needlesOf({ userId: 'a"b', customerIds: [], objectIds: [] })).toContain('"user_id":"a\\"b"');
    expect(subjectNeedle('a"b')).toBe('"subject":"a\\"b"');
  });

  it('finds the customer that an object names which is of nobody any more', () => {
    const detached = { data: { object: { customer: null }, previous_attributes: { customer: 'cus_1' } } };
    expect(customerIn(Buffer.from(JSON.stringify(detached)))).toBe('cus_1');
    expect(customerIn(Buffer.from('{"type":"price.updated"}'))).toBeNull();
  });
});
