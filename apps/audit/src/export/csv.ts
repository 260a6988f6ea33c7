/** One line of RFC 4180. */
export function csvLine(cells: readonly (string | number | null)[]): string {
  return `${cells.map(toCell).join(',')}\r\n`;
}

/**
 * What a spreadsheet would take for a formula, also where it begins behind spaces: a quote before it makes it text (OWASP, "CSV
 * Injection"). Full-width forms are taken for their narrow ones by some.
 */
const formula = /^[\s\p{Cc}]*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]/u;
const needsQuotes = /[",\p{Cc}]|^\s|\s$/u;

function toCell(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const harmless = formula.test(value) ? `'${value}` : value;
  return needsQuotes.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
