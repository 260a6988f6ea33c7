import type { Fault, Verdict } from '../trail/chain-verifier.js';
import type { Finding } from './verify-files.js';

/** What each fault means, for somebody who reads it once a year. */
const meanings: Record<Fault, string> = {
  missing: 'is missing',
  recorded_at_decreased: 'is dated before the one before it',
  previous_hash_differs: 'does not continue the one before it',
  content_hash_differs: 'has been changed: its content is not what its hash covers',
  hash_differs: 'has been changed: its hash is not that of its parts',
  content_unreadable: 'has a content that no version of the service wrote',
  columns_differ_from_content: 'is filed under something else than it says',
  checkpoint_foreign: 'has a checkpoint that this key has not signed',
  checkpoint_differs: 'is not the entry that was signed: history has been rewritten',
  checkpoint_missing: 'should have a signed checkpoint, and has none',
};

/** As the end of a sentence that begins with the entry. */
export function faultText(fault: Fault): string {
  return meanings[fault];
}

/** In a line or two. Entries without any checkpoint prove nothing: they may have been written today. */
export function judge(finding: Finding, ms: number): { holds: boolean; text: string } {
  if (finding.kind === 'unreadable') {
    return {
      holds: false,
      text: `FAILED: line ${finding.at.line} of ${finding.at.file} is neither entry nor checkpoint`,
    };
  }
  const { verdict } = finding;
  if (!verdict.ok) {
    const { seq, fault } = verdict.first_bad;
    return {
      holds: false,
      text: `FAILED: entry ${seq} ${meanings[fault]} (${fault}); ${verdict.entries} before it hold`,
    };
  }
  const proved = verdict.checkpoints.last_seq;
  if (proved === null)
    return { holds: false, text: 'FAILED: no signed checkpoint proves any of these entries (checkpoint_missing)' };
  return { holds: true, text: summary(verdict, proved, ms) };
}

function summary(
  { entries, first, head, checkpoints }: Extract<Verdict, { ok: true }>,
  proved: number,
  ms: number,
): string {
  const behind = (head?.seq ?? 0) - proved;
  const rate = Math.round(entries / (ms / 1_000));
  return [
    `OK: ${entries} entries hold, from ${first?.seq} (${first?.recorded_at}) to ${head?.seq}; ${rate} entries/s`,
    `    ${checkpoints.count} checkpoints signed by this key prove them up to ${proved}` +
      (behind === 0 ? '' : `; the ${behind} after that fit, and wait for their checkpoint`),
  ].join('\n');
}
