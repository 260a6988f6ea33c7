import { existsSync, readFileSync } from 'node:fs';

/** The last lines of a log, for a failure message. Empty when there is none. */
export function lastLines(path: string, count = 15): string {
  if (!existsSync(path)) return '';
  return readFileSync(path, 'utf8').trimEnd().split('\n').slice(-count).join('\n');
}
