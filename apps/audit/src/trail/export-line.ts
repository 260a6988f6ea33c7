import type { ChainedEntry } from './chain.js';
import { fromIso } from './instants.js';

interface EntryFields {
  seq: number;
  recorded_at: string;
  previous_hash: string;
  content_hash: string;
  hash: string;
  content: string;
}

const hashLength = 64;

/** Name by name: a schema takes as long as the hashes do. */
function isEntry(value: object): value is EntryFields {
  return (
    'seq' in value &&
    Number.isSafeInteger(value.seq) &&
    'recorded_at' in value &&
    typeof value.recorded_at === 'string' &&
    'previous_hash' in value &&
    isHash(value.previous_hash) &&
    'content_hash' in value &&
    isHash(value.content_hash) &&
    'hash' in value &&
    isHash(value.hash) &&
    'content' in value &&
    typeof value.content === 'string' &&
    // Half a surrogate has no UTF-8, and would be hashed as what stands for it.
    value.content.isWellFormed()
  );
}

function isHash(value: unknown): boolean {
  return typeof value === 'string' && value.length === hashLength;
}

/**
 * An entry's line of an export: its times as ISO 8601 with six digits, its hashes in hexadecimal, and `content` as the text whose
 * UTF-8 is hashed. Undefined for what is no such line.
 */
export function readEntry(line: unknown): ChainedEntry | undefined {
  if (typeof line !== 'object' || line === null || !isEntry(line)) return undefined;
  const recordedAt = fromIso(line.recorded_at);
  if (recordedAt === undefined) return undefined;
  return {
    seq: BigInt(line.seq),
    recordedAt,
    previousHash: Buffer.from(line.previous_hash, 'hex'),
    contentHash: Buffer.from(line.content_hash, 'hex'),
    hash: Buffer.from(line.hash, 'hex'),
    content: line.content,
  };
}
