import { projectFile } from '@billhook/testing';
import { describe, expect, it } from '@jest/globals';
import { existsSync, globSync, readFileSync } from 'node:fs';

const document = readFileSync(projectFile('docs/reliability.md'), 'utf8');
/** Up to what Stripe itself does to whoever asks it. */
const first = Array.from({ length: 60 }, (_, index) => `F${index + 1}`);
const attacks = [1, 2, 3, 7, 9, 11, 12, 14, 15, 16, 17, 20, 21, 30, 31, 33, 34].map((number) => `S${number}`);
const wanted = [...first, 'F61', 'F62', 'F63', 'F64', 'F67', 'F69', ...attacks];

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
