import { describe, expect, it, test } from '@jest/globals';
import { columnsIn, defaultColumns, readRow } from './import-row.js';
import { linesOf } from './lines.js';
import type { Line } from './lines.js';
import { verdictByMapping, verdictByStripe } from './verdict.js';

async function linesIn(...pieces: string[]): Promise<Line[]> {
  async function* source(): AsyncGenerator<string> {
    yield* pieces;
  }
  const lines: Line[] = [];
  for await (const line of linesOf(source())) lines.push(line);
  return lines;
}

const read = (text: string, columns = defaultColumns) => readRow({ number: 7, text }, columns);

describe('the lines of a file', () => {
  it('are the same however the file comes in pieces', async () => {
    const text = 'a,b\r\nc,d\n\ne,f';
    const whole = await linesIn(text);
    expect(whole.map((line) => line.text)).toEqual(['a,b', 'c,d', '', 'e,f']);
    expect(await linesIn(...text.split(''))).toEqual(whole);
  });

  it('begin after a byte-order mark', async () => {
    expect(await linesIn('\uFEFFa,b\n')).toEqual([{ number: 1, text: 'a,b' }]);
  });

  it('are not held beyond their longest, and the next is read as usual', async () => {
    const lines = await linesIn('x'.repeat(5_000), 'y'.repeat(5_000), '\nu,cus_1\n');
    expect(lines).toEqual([
      { number: 1, text: null },
      { number: 2, text: 'u,cus_1' },
    ]);
  });
});

describe('a row', () => {
  test.each([
    ['user-1,cus_1', 'user-1', 'cus_1'],
    [' user-1 , cus_1 ', 'user-1', 'cus_1'],
    ['"last, first",cus_1', 'last, first', 'cus_1'],
    ['"a ""b""",cus_1,ignored', 'a "b"', 'cus_1'],
    ['{"customer_id":"cus_1","user_id":"user-1"}', 'user-1', 'cus_1'],
  ])('%s', (text, userId, customerId) => {
    expect(read(text)).toEqual({ kind: 'row', row: { line: 7, userId, customerId } });
  });

  test.each([
    ['user-1', 'there are not two columns'],
    ['"user-1,cus_1', 'the quotes do not match'],
    [',cus_1', 'the user id must'],
    ['user-1,', 'the customer id is none'],
    ['user-1,cus 1', 'the customer id is none'],
    ['us\u0000er,cus_1', 'the user id must'],
    [`${'u'.repeat(256)},cus_1`, 'the user id must'],
    ['{"user_id":1,"customer_id":"cus_1"}', 'must be texts'],
    ['{"user_id":', 'it is not JSON'],
  ])('is not %j', (text, reason) => {
    expect(read(text)).toEqual({ kind: 'unreadable', line: 7, reason: expect.stringContaining(reason) });
  });

  it('is not an empty line, which is nothing', () => {
    expect(read('  ')).toEqual({ kind: 'nothing' });
  });

  it('stands in the columns that a header names', () => {
    const columns = columnsIn({ number: 1, text: 'Email,Customer_ID,user_id' });
    expect(columns).toEqual({ userId: 2, customerId: 1 });
    expect(read('a@example.com,cus_1,user-1', columns ?? defaultColumns)).toMatchObject({ row: { userId: 'user-1' } });
    expect(columnsIn({ number: 1, text: 'user-1,cus_1' })).toBeNull();
  });
});

describe('the verdict on a row', () => {
  const row = { line: 1, userId: 'user-1', customerId: 'cus_1', linkedCustomerId: null, linkedUserId: null };
  const customer = { isDeleted: false, userId: null };

  test.each([
    ['already_linked', { linkedCustomerId: 'cus_1', linkedUserId: 'user-1' }],
    ['user_has_another_customer', { linkedCustomerId: 'cus_2' }],
    ['customer_of_another_user', { linkedUserId: 'user-2' }],
  ])('is %s by the mapping %j', (code, links) => {
    expect(Object.values(verdictByMapping({ ...row, ...links }) ?? {})).toContain(code);
  });

  test.each([
    ['customer_missing', null],
    ['customer_deleted', { ...customer, isDeleted: true }],
    ['customer_names_another_user', { ...customer, userId: 'user-2' }],
  ])('is %s by Stripe’s %j', (code, answer) => {
    expect(verdictByStripe(row, answer)).toMatchObject({ outcome: 'refused', reason: code });
  });

  it('is open as long as nothing stands in the way', () => {
    expect(verdictByMapping(row)).toBeNull();
    expect(verdictByStripe(row, customer)).toBeNull();
    expect(verdictByStripe(row, { ...customer, userId: 'user-1' })).toBeNull();
  });
});
