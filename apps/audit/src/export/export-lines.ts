import type { LinkedEntry, RecordedEntry } from '../query/entries.store.js';
import { csvLine } from './csv.js';

/** How an export ends. `lastSeq` is where the next one goes on (`cursor`), 0 when there was nothing. */
export interface ExportEnd {
  isComplete: boolean;
  entries: number;
  lastSeq: string;
}

/**
 * An entry as it was written, for whoever checks the chain without this service: `content` is the text that `content_hash` covers, as
 * UTF-8. What is personal stays sealed, so that the file can be given away.
 */
export function ndjsonLine(entry: RecordedEntry): string {
  const { seq, recorded_at, previous_hash, content_hash, hash, content } = entry;
  return (
    `{"line":"entry","seq":${seq},"recorded_at":"${recorded_at}","previous_hash":"${previous_hash}",` +
    `"content_hash":"${content_hash}","hash":"${hash}","content":${JSON.stringify(content)}}\n`
  );
}

export function ndjsonEnd({ isComplete, entries, lastSeq }: ExportEnd): string {
  return `${JSON.stringify({ line: 'end', complete: isComplete, entries, last_seq: Number(lastSeq) })}\n`;
}

/** A byte order mark: without it spreadsheets take UTF-8 for something else. */
export const csvHead = `\uFEFF${csvLine([
  'seq',
  'recorded_at',
  'occurred_at',
  'type',
  'id',
  'user_id',
  'ip',
  'user_agent',
  'request_id',
  'cause_id',
  'stripe_ids',
  'data',
  'hash',
])}`;

/** For people: what is personal can be read in it. */
export function csvEntry(entry: LinkedEntry): string {
  return csvLine([
    entry.seq,
    entry.recorded_at,
    entry.occurred_at,
    entry.type,
    entry.id,
    entry.user_id,
    entry.ip,
    entry.user_agent,
    entry.request_id,
    entry.cause_id,
    entry.stripe_ids.join(' '),
    JSON.stringify(entry.data),
    entry.hash,
  ]);
}

export function csvEnd({ isComplete, entries, lastSeq }: ExportEnd): string {
  return csvLine(['end', isComplete ? 'complete' : 'truncated', `${entries} entries`, `last_seq ${lastSeq}`]);
}
