import { describe, expect, it, test } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { format } from 'prettier';
import { tabledTypes } from './event-table.spec-support.js';
import { concernsBilling } from './event-types.js';
import { knownTypes } from './event-types.spec-support.js';
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

/** As the SDK's types name them, which leave each of these enums open. */
const refundStatuses = ['pending', 'requires_action', 'failed', 'canceled'];
const disputeStatuses = [
  'warning_needs_response',
  'warning_under_review',
  'warning_closed',
  'needs_response',
  'under_review',
  'appeal_needs_response',
  'appeal_under_review',
  'lost',
  'won',
  'prevented',
];
const statuses: [string, string[]][] = [
  ['By status', ['active', 'canceled', 'incomplete', 'incomplete_expired', 'past_due', 'paused', 'trialing', 'unpaid']],
  ['By what became of the money', [...refundStatuses, ...disputeStatuses]],
];

describe('the tables', () => {
  test.each(statuses)('"%s" has a row for each of Stripe’s statuses', (heading, known) => {
    const situations = [...(rulesTables().get(heading) ?? '').matchAll(/^\| ([^|]+) \|/gm)].map(
      ([, text = '']) => text,
    );
    expect(known.filter((status) => !situations.some((text) => text.includes(`\`${status}\``)))).toEqual([]);
  });

  it('"By event" has a row for each type of event that billing reads, and for no other', () => {
    expect([...tabledTypes()].toSorted()).toEqual(knownTypes.filter(concernsBilling).toSorted());
  });
});
