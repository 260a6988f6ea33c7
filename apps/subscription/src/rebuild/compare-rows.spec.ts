import { expect, it } from '@jest/globals';
import { compareRows } from './compare-rows.js';
import type { ComparedRow } from './compare-rows.js';

async function* rows(...given: [key: string, fields?: ComparedRow['fields']][]): AsyncGenerator<ComparedRow> {
  for (const [key, fields = {}] of given) yield { key, name: `row ${key}`, fields };
}

it('rows that are the same on both sides are counted', async () => {
  const side = () => rows(['a', { tier: 1 }], ['b', { at: null }]);
  expect(await compareRows(side(), side())).toEqual({ equal: 2, missing: 0, extra: 0, different: 0, examples: [] });
});

it('a row that one side lacks is named, wherever it stands, and holds up no other', async () => {
  const comparison = await compareRows(rows(['b'], ['c'], ['e']), rows(['a'], ['c'], ['d'], ['e'], ['f']));
  expect(comparison).toMatchObject({ equal: 2, missing: 3, extra: 1, different: 0 });
  expect(comparison.examples).toEqual([
    { kind: 'missing', name: 'row a' },
    { kind: 'extra', name: 'row b' },
    { kind: 'missing', name: 'row d' },
    { kind: 'missing', name: 'row f' },
  ]);
});

it('a row that differs is shown field by field, a field that one side lacks included', async () => {
  const { examples } = await compareRows(
    rows(['a', { tier: 2, status: 'active', old: 1 }]),
    rows(['a', { tier: 1, status: 'active', fresh: null }]),
  );
  expect(examples).toEqual([
    {
      kind: 'different',
      name: 'row a',
      fields: [
        { field: 'tier', live: 2, rebuilt: 1 },
        { field: 'old', live: 1, rebuilt: undefined },
        { field: 'fresh', live: undefined, rebuilt: null },
      ],
    },
  ]);
});

it('shows the first fifty differences and counts all', async () => {
  const many = Array.from({ length: 120 }, (_, index): [string] => [String(index).padStart(3, '0')]);
  const comparison = await compareRows(rows(...many), rows());
  expect([comparison.extra, comparison.examples.length]).toEqual([120, 50]);
});
