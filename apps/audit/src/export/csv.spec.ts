import { describe, expect, it, test } from '@jest/globals';
import fc from 'fast-check';
import { csvLine } from './csv.js';

test.each([
  ['plain', 'plain'],
  ['', ''],
  [null, ''],
  [-5, '-5'],
  ['a,b', '"a,b"'],
  ['say "hi"', '"say ""hi"""'],
  ['two\nlines', '"two\nlines"'],
  ['=1+1', "'=1+1"],
  ['+1', "'+1"],
  ['-1', "'-1"],
  ['@SUM(A1)', "'@SUM(A1)"],
  ['\t=1', '"\'\t=1"'],
  ['  =1', "'  =1"],
  ['\r=1', '"\'\r=1"'],
  ['＝1', "'＝1"],
  ['=HYPERLINK("http://x","y")', '"\'=HYPERLINK(""http://x"",""y"")"'],
  ['{"a":"=1"}', '"{""a"":""=1""}"'],
])('the cell %j is written %j', (value, written) => {
  expect(csvLine([value])).toBe(`${written}\r\n`);
});

/** As a reader of RFC 4180 cuts one line apart. */
function cellsOf(line: string): string[] {
  const cells = [...line.slice(0, -2).matchAll(/(?<=^|,)(?:"((?:[^"]|"")*)"|([^",]*))(?=,|$)/gs)];
  return cells.map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '');
}

describe('any line', () => {
  it('comes back as it was, but for the quote before a formula, and holds no formula', () => {
    const text = fc.string({
      unit: fc.constantFrom('=', '+', '@', '-', '"', ',', '\n', '\r', '\t', ' ', 'a', "'", '＝'),
    });
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 5 }), (cells) => {
        const read = cellsOf(csvLine(cells));
        expect(read).toHaveLength(cells.length);
        read.forEach((cell, index) => {
          expect([cells[index], `'${cells[index]}`]).toContain(cell);
          expect(cell).not.toMatch(/^\s*[=+\-@＝]/);
        });
      }),
    );
  });
});
