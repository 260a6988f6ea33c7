import type { RefusedRow, Tally } from './import-progress.store.js';

/** What an operator reads at the end of a run. */
export function reportOf(tally: Tally, options: { isDryRun: boolean; refusedFile: string }): string {
  const refused = refusedIn(tally);
  const lines = [
    ...(options.isDryRun ? [line(tally.would_link, 'would be linked')] : [line(tally.linked, 'linked')]),
    line(tally.already_linked, 'already linked'),
    line(tally.repeated, 'say again what an earlier line says'),
    line(refused, refused === 0 ? 'refused' : `refused, listed in ${options.refusedFile}:`),
    ...Object.entries(tally.refused).map(([reason, count]) => `  ${line(count, reason)}`),
    ...(options.isDryRun
      ? ['This was a dry run: nothing was changed. Run it again with --apply (make: APPLY=1).']
      : []),
  ];
  return lines.join('\n');
}

/** 0: every row is linked, or would be. 1: some were refused. */
export function exitCodeOf(tally: Tally): 0 | 1 {
  return refusedIn(tally) === 0 ? 0 : 1;
}

/** What can be mended and imported again: its first two columns are an import file's. */
export const refusedHeader = 'user_id,customer_id,line,reason,detail\n';

export function refusedLine({ userId, customerId, line: number, reason, detail }: RefusedRow): string {
  return `${[userId ?? '', customerId ?? '', String(number), reason, detail].map(cell).join(',')}\n`;
}

function line(count: number, what: string): string {
  return `${String(count).padStart(9)} ${what}`;
}

function refusedIn({ refused }: Tally): number {
  return Object.values(refused).reduce((sum, count) => sum + count, 0);
}

/** Quoted where it must be. */
function cell(text: string): string {
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
