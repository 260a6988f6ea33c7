/** A row of either schema: `key` sorts it, `name` is for people, `fields` are compared. */
export interface ComparedRow {
  /** Hexadecimal, so that it sorts here as it does in PostgreSQL. */
  key: string;
  name: string;
  fields: Readonly<Record<string, unknown>>;
}

export interface FieldDifference {
  field: string;
  live: unknown;
  rebuilt: unknown;
}

/** `missing`: it was rebuilt, and live has none. `extra`: live has it, and no event leads there. */
export type RowDifference =
  | { kind: 'missing'; name: string }
  | { kind: 'extra'; name: string }
  | { kind: 'different'; name: string; fields: FieldDifference[] };

export interface TableComparison {
  equal: number;
  missing: number;
  extra: number;
  different: number;
  /** The first of them. */
  examples: RowDifference[];
}

/** More than anybody reads; the counts go on. */
const mostExamples = 50;

/** Row by row, both in the order of their keys; holds one row of each. */
export async function compareRows(
  live: AsyncIterable<ComparedRow>,
  rebuilt: AsyncIterable<ComparedRow>,
): Promise<TableComparison> {
  const result: TableComparison = { equal: 0, missing: 0, extra: 0, different: 0, examples: [] };
  const [left, right] = [live[Symbol.asyncIterator](), rebuilt[Symbol.asyncIterator]()];
  let [a, b] = [await nextOf(left), await nextOf(right)];
  while (a !== null || b !== null) {
    const isOnlyLive = a !== null && (b === null || a.key < b.key);
    const isOnlyRebuilt = b !== null && (a === null || b.key < a.key);
    note(result, isOnlyRebuilt ? null : a, isOnlyLive ? null : b);
    if (!isOnlyRebuilt) a = await nextOf(left);
    if (!isOnlyLive) b = await nextOf(right);
  }
  return result;
}

async function nextOf(rows: AsyncIterator<ComparedRow>): Promise<ComparedRow | null> {
  const next = await rows.next();
  return next.done === true ? null : next.value;
}

function note(result: TableComparison, live: ComparedRow | null, rebuilt: ComparedRow | null): void {
  const difference = differenceOf(live, rebuilt);
  result[difference?.kind ?? 'equal'] += 1;
  if (difference !== null && result.examples.length < mostExamples) result.examples.push(difference);
}

function differenceOf(live: ComparedRow | null, rebuilt: ComparedRow | null): RowDifference | null {
  if (live === null) return rebuilt === null ? null : { kind: 'missing', name: rebuilt.name };
  if (rebuilt === null) return { kind: 'extra', name: live.name };
  const fields = differingFields(live.fields, rebuilt.fields);
  return fields.length === 0 ? null : { kind: 'different', name: live.name, fields };
}

function differingFields(live: ComparedRow['fields'], rebuilt: ComparedRow['fields']): FieldDifference[] {
  const names = [...new Set([...Object.keys(live), ...Object.keys(rebuilt)])];
  return names
    .filter((field) => JSON.stringify(live[field]) !== JSON.stringify(rebuilt[field]))
    .map((field) => ({ field, live: live[field], rebuilt: rebuilt[field] }));
}
