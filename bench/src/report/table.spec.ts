import { describe, expect, it } from '@jest/globals';
import { format } from 'prettier';
import { atLeast, atMost, figure } from '../figure.js';
import { replaceBetweenMarkers, resultTable, tableBegins, tableEnds, toTable } from './table.js';

const figures = [
  figure('apply.rate', 12_345.6, 'events/s'),
  figure('apply.ratio_to_accept', 1.234, 'ratio', atLeast(1.2)),
  figure('end_to_end.200.p99', 240.4, 'ms', atMost(100)),
];

describe('the table', () => {
  it('shows value, goal and verdict', () => {
    expect(resultTable(figures).split('\n')).toEqual([
      '| figure                  |  value | unit     | goal   |            |',
      '| ----------------------- | -----: | -------- | ------ | ---------- |',
      '| `apply.rate`            | 12,350 | events/s |        |            |',
      '| `apply.ratio_to_accept` |  1.234 | ratio    | >= 1.2 | holds      |',
      '| `end_to_end.200.p99`    |    240 | ms       | <= 100 | **misses** |',
    ]);
  });

  it('is as the formatter would have it, so that a fresh document passes the checks', async () => {
    const document = `# T\n\n${tableBegins}\n\n${toTable(['', ''], [['machine', '≥ 2 cores']], [])}\n\n${resultTable(figures)}\n\n${tableEnds}\n`;
    expect(await format(document, { parser: 'markdown', printWidth: 120, singleQuote: true })).toBe(document);
  });
});

describe('the document', () => {
  const document = `# Title\n\n${tableBegins}\n\nold\n\n${tableEnds}\n\nafter\n`;

  it('changes between its markers only', () => {
    const changed = replaceBetweenMarkers(document, 'new');
    expect(changed).toBe(`# Title\n\n${tableBegins}\n\nnew\n\n${tableEnds}\n\nafter\n`);
    expect(replaceBetweenMarkers(changed, 'new')).toBe(changed);
  });

  it('without both markers in order is refused', () => {
    expect(() => replaceBetweenMarkers('# Title', 'new')).toThrow('lacks the lines');
    expect(() => replaceBetweenMarkers(`${tableEnds}\n${tableBegins}`, 'new')).toThrow('lacks the lines');
  });
});
