import type { Line } from './lines.js';

/** One user and the Stripe customer that is theirs. */
export interface ImportRow {
  line: number;
  userId: string;
  customerId: string;
}

export type RowReading =
  { kind: 'row'; row: ImportRow } | { kind: 'unreadable'; line: number; reason: string } | { kind: 'nothing' };

/** At which place of a line the two ids stand. */
export interface Columns {
  userId: number;
  customerId: number;
}

export const defaultColumns: Columns = { userId: 0, customerId: 1 };

/** The columns that a first line names, in whatever order and beside whatever others; null when it is a row itself. */
export function columnsIn({ text }: Line): Columns | null {
  const cells = cellsOf(text ?? '')?.map((cell) => cell.toLowerCase()) ?? [];
  const columns = { userId: cells.indexOf('user_id'), customerId: cells.indexOf('customer_id') };
  return columns.userId < 0 || columns.customerId < 0 ? null : columns;
}

/** Reads a line of CSV (`user_id,customer_id`) or of NDJSON (`{"user_id":…,"customer_id":…}`). */
export function readRow({ number: line, text }: Line, columns: Columns): RowReading {
  const unreadable = (reason: string): RowReading => ({ kind: 'unreadable', line, reason });
  if (text === null) return unreadable('the line is too long');
  if (text.trim() === '') return { kind: 'nothing' };
  const ids = text.trimStart().startsWith('{') ? idsInJson(text) : idsInCsv(text, columns);
  if (typeof ids === 'string') return unreadable(ids);
  if (!isUserId(ids.userId)) return unreadable('the user id must have 1 to 255 characters and no control characters');
  if (!customerIdPattern.test(ids.customerId)) return unreadable('the customer id is none of Stripe’s');
  return { kind: 'row', row: { line, ...ids } };
}

/** Ids that somebody chose themselves are of no certain form. */
const customerIdPattern = /^[\x21-\x7e]{1,255}$/;

function isUserId(text: string): boolean {
  return text.length >= 1 && text.length <= 255 && !/\p{Cc}/u.test(text) && text.isWellFormed();
}

type Ids = Pick<ImportRow, 'userId' | 'customerId'>;

function idsInCsv(text: string, { userId, customerId }: Columns): Ids | string {
  const cells = cellsOf(text);
  if (cells === null) return 'the quotes do not match';
  const [user, customer] = [cells[userId], cells[customerId]];
  return user === undefined || customer === undefined
    ? 'there are not two columns'
    : { userId: user, customerId: customer };
}

function idsInJson(text: string): Ids | string {
  const object = parsed(text);
  if (typeof object !== 'object' || object === null) return 'it is not JSON';
  const { user_id: userId, customer_id: customerId } = { user_id: undefined, customer_id: undefined, ...object };
  if (typeof userId !== 'string' || typeof customerId !== 'string') return 'user_id and customer_id must be texts';
  return { userId, customerId };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** RFC 4180, a line at a time: a quoted cell may hold commas and doubled quotes, but no line break. Null for quotes that do not match. */
function cellsOf(text: string): string[] | null {
  const cell = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/y;
  const cells: string[] = [];
  for (;;) {
    const found = cell.exec(text);
    if (found === null) return null;
    const [, quoted, plain = '', end] = found;
    cells.push(quoted === undefined ? plain.trim() : quoted.replaceAll('""', '"'));
    if (end === '') return cells;
  }
}
