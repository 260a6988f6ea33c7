import { projectFile } from '@billhook/testing';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Figure } from '../figure.js';
import { mergeResults, readResults, writeResults } from './results.js';
import { replaceBetweenMarkers, resultTable, toTable } from './table.js';

/**
 * Writes `bench/results.json` and the table of `docs/benchmarks.md`. A run of some of the
 * parts leaves the others' figures as they were.
 */
export function report(fresh: readonly Figure[], circumstances: [string, string][], isComplete: boolean): void {
  const resultsFile = projectFile('bench/results.json');
  const old = isComplete || !existsSync(resultsFile) ? [] : readResults(readFileSync(resultsFile, 'utf8'));
  const results = mergeResults(old, fresh);
  writeFileSync(resultsFile, writeResults(results));
  const documentFile = projectFile('docs/benchmarks.md');
  const content = `${toTable(['', ''], circumstances, [])}\n\n${resultTable(results)}`;
  writeFileSync(documentFile, replaceBetweenMarkers(readFileSync(documentFile, 'utf8'), content));
}
