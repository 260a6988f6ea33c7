import { projectFile } from '@billhook/testing';
import { describe, expect, it } from '@jest/globals';
import { existsSync, globSync, readFileSync } from 'node:fs';

const document = readFileSync(projectFile('docs/reliability.md'), 'utf8');
const numbered = (letter: string, from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `${letter}${from + index}`);
/** S24 to S29 are about how the whole is deployed, of which this document does not speak. */
const wanted = [...numbered('F', 1, 69), ...numbered('S', 1, 23), ...numbered('S', 30, 34)];

/** The table's rows: the fault's name and its last cell. */
const rows = new Map(
  document.split('\n').flatMap((line) => {
    const cells = line.split(' | ');
    const name = /^\| ([FS]\d+)\s*$/.exec(cells[0] ?? '')?.[1];
    return name === undefined ? [] : [[name, (cells[3] ?? '').replace(/\s*\|$/, '')] as const];
  }),
);

interface Cited {
  file: string;
  title: string;
}

function citedIn(cell: string): Cited[] {
  return [...cell.matchAll(/`([^`]+\.spec\.ts)`: “([^”]+)”/g)].map(([, file = '', title = '']) => ({ file, title }));
}

/** As they stand in the source, placeholders included. */
function hasTitle({ file, title }: Cited): boolean {
  if (!existsSync(projectFile(file))) return false;
  const source = readFileSync(projectFile(file), 'utf8');
  return [`'${title}'`, `"${title}"`, `\`${title}\``].some((quoted) => source.includes(quoted));
}

/** The faults that a title, or a table's part of one, begins with: `F1, F2: `, `F1: F2: `, `F1 F2: `, `F1 and F2: `. */
function faultsOf(source: string): string[] {
  const titles = source.matchAll(/[([]\s*['"`]((?:[FS]\d+(?:, |: | and | ))*[FS]\d+): /g);
  return [...titles].flatMap(([, names = '']) => names.match(/[FS]\d+/g) ?? []);
}

describe('docs/reliability.md', () => {
  it('has a row for every fault, and for no other', () => {
    expect([...rows.keys()]).toEqual(wanted);
  });

  it.each(wanted)('%s names tests that exist, or says why it cannot be tried', (name) => {
    const cell = rows.get(name) ?? '';
    if (cell.startsWith('Not tried: ')) return expect(cell.length).toBeGreaterThan(60);
    const cited = citedIn(cell);
    expect(cited.length).toBeGreaterThan(0);
    expect(cited.filter((each) => !hasTitle(each))).toEqual([]);
  });

  it('knows every spec that says it is about one of its faults', () => {
    const specs = globSync('{apps,libs,e2e,bench,demo}/**/*.spec.ts', { cwd: projectFile('.') });
    const unknown = specs.flatMap((file) =>
      faultsOf(readFileSync(projectFile(file), 'utf8'))
        .filter((name) => !citedIn(rows.get(name) ?? '').some((cited) => cited.file === file))
        .map((name) => `${name}: ${file}`),
    );
    expect([...new Set(unknown)]).toEqual([]);
  });
});
