import { expect, test } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { format } from 'prettier';
import { rulesTables } from './rules-document.spec-support.js';

/** `UPDATE_DOCS=1 npm run jest -- --selectProjects spec --testPathPatterns rules-document` writes the tables anew. */
const file = new URL('../../../docs/billing-rules.md', import.meta.url);

/** The document with the table under each heading replaced by what the rules say. */
function withTables(document: string): string {
  return [...rulesTables()].reduce((text, [heading, table]) => {
    const section = new RegExp(`(## ${heading}\\n(?:(?!\\n\\|)[^])*?\\n)\\|[^]*?\\n(?=\\n|$)`);
    if (!section.test(text)) throw new Error(`docs/billing-rules.md has no table under "${heading}"`);
    return text.replace(section, `$1${table}\n`);
  }, document);
}

test('docs/billing-rules.md says what the rules do', async () => {
  const document = readFileSync(file, 'utf8');
  const written = await format(withTables(document), { parser: 'markdown', printWidth: 120 });
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(file, written);
  expect(readFileSync(file, 'utf8')).toBe(written);
});
