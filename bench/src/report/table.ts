import type { Figure } from '../figure.js';

export const tableBegins = '<!-- written by make bench: begin -->';
export const tableEnds = '<!-- written by make bench: end -->';

/** A Markdown table, its columns as wide as the formatter wants them. The columns of `right` are aligned to the right. */
export function toTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly number[],
): string {
  const widths = head.map((_, column) => Math.max(3, ...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  const isRight = (column: number): boolean => right.includes(column);
  const pad = (text: string, column: number): string =>
    isRight(column) ? text.padStart(widths[column] ?? 0) : text.padEnd(widths[column] ?? 0);
  const rule = widths.map((width, column) => (isRight(column) ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width)));
  return [head.map(pad), rule, ...rows.map((row) => row.map(pad))]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

export function resultTable(figures: readonly Figure[]): string {
  const rows = figures.map(({ figure, value, unit, goal, holds }) => {
    const verdict = holds === null ? '' : holds ? 'holds' : '**misses**';
    return [`\`${figure}\``, toNumber(value), unit, goal ?? '', verdict];
  });
  return toTable(['figure', 'value', 'unit', 'goal', ''], rows, [1]);
}

/** 12345.6 as a person reads it: 12,346; small ones keep the digits that the figure has. */
function toNumber(value: number): string {
  return value.toLocaleString('en', { maximumFractionDigits: Math.abs(value) >= 100 ? 0 : 3 });
}

/** What stands between the two marker lines, replaced; throws where the document does not have them. */
export function replaceBetweenMarkers(document: string, content: string): string {
  const [begin, end] = [document.indexOf(tableBegins), document.indexOf(tableEnds)];
  if (begin < 0 || end < begin) throw new Error(`the document lacks the lines ${tableBegins} and ${tableEnds}`);
  return `${document.slice(0, begin + tableBegins.length)}\n\n${content}\n\n${document.slice(end)}`;
}
