import { createHash } from 'node:crypto';
import { contentSchema } from './content.js';

/**
 * How entries are tied together. The hash of an entry is
 *
 *     SHA-256( "billhook.audit.entry.v1" ‖ seq ‖ recorded_at ‖ previous hash ‖ content hash )
 *
 * with seq and recorded_at (microseconds since 1970-01-01 UTC) as signed 64-bit big-endian integers and both hashes as their 32
 * bytes. Every part has a fixed length, so no two inputs share an encoding. The first entry's previous hash is 32 zero bytes.
 * `append_entries` in PostgreSQL computes the same; a spec holds the two equal.
 */
const domain = Buffer.from('billhook.audit.entry.v1', 'ascii');
export const genesisHash: Buffer = Buffer.alloc(32);

export interface Link {
  seq: bigint;
  /** Microseconds since the epoch. */
  recordedAt: bigint;
  previousHash: Buffer;
  contentHash: Buffer;
}

export function entryHash(link: Link): Buffer {
  const numbers = Buffer.alloc(16);
  numbers.writeBigInt64BE(link.seq, 0);
  numbers.writeBigInt64BE(link.recordedAt, 8);
  return sha256(Buffer.concat([domain, numbers, link.previousHash, link.contentHash]));
}

export function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}

/** An entry as it lies in the table: its link, its bytes, and the columns that were derived from them. */
export interface StoredEntry extends Link {
  hash: Buffer;
  content: Buffer;
  columns: DerivedColumns;
}

export interface DerivedColumns {
  event_id: string;
  type: string;
  user_id: string | null;
  customer_id: string | null;
  customer_via: string | null;
  stripe_ids: string[];
  ip: string | null;
  user_agent: string | null;
  request_id: string | null;
  cause_id: string | null;
  occurred_at: Date | null;
}

export type Fault =
  | 'missing'
  | 'recorded_at_decreased'
  | 'previous_hash_differs'
  | 'content_hash_differs'
  | 'hash_differs'
  | 'content_unreadable'
  | 'columns_differ_from_content';

export type Verdict =
  | { ok: true; entries: number; head: { seq: number; hash: string } | null }
  | { ok: false; entries: number; first_bad: { seq: number; fault: Fault } };

/** Where the walk has come to: the entry before the next one. */
interface Position {
  seq: bigint;
  recordedAt: bigint;
  hash: Buffer;
}

/**
 * Walks entries in ascending order and stops at the first that does not hold; `entries` counts those that did. It cannot see
 * that the newest entries have been cut off: that takes a head that was noted elsewhere.
 */
export async function verifyChain(entries: AsyncIterable<StoredEntry>): Promise<Verdict> {
  let position: Position = { seq: 0n, recordedAt: -(2n ** 63n), hash: genesisHash };
  for await (const entry of entries) {
    const fault = faultOf(entry, position);
    if (fault !== undefined) {
      return { ok: false, entries: Number(position.seq), first_bad: { seq: Number(position.seq) + 1, fault } };
    }
    position = entry;
  }
  const head = position.seq === 0n ? null : { seq: Number(position.seq), hash: position.hash.toString('hex') };
  return { ok: true, entries: Number(position.seq), head };
}

function faultOf(entry: StoredEntry, before: Position): Fault | undefined {
  if (entry.seq !== before.seq + 1n) return 'missing';
  if (entry.recordedAt < before.recordedAt) return 'recorded_at_decreased';
  if (!entry.previousHash.equals(before.hash)) return 'previous_hash_differs';
  if (!entry.contentHash.equals(sha256(entry.content))) return 'content_hash_differs';
  if (!entry.hash.equals(entryHash(entry))) return 'hash_differs';
  return columnFault(entry);
}

/** A column is an index into the content: one that says otherwise would hide an entry, or show it to the wrong person. */
function columnFault({ content, columns }: StoredEntry): Fault | undefined {
  const read = readContent(content);
  if (read === undefined) return 'content_unreadable';
  const derived: DerivedColumns = {
    event_id: read.id,
    type: read.type,
    user_id: read.user_id,
    customer_id: read.customer_id,
    customer_via: read.customer_via,
    stripe_ids: read.stripe_ids,
    ip: read.v === 1 ? read.ip : null,
    user_agent: read.v === 1 ? read.user_agent : null,
    request_id: read.request_id,
    cause_id: read.cause_id,
    occurred_at: read.occurred_at === null ? null : new Date(read.occurred_at),
  };
  return fingerprint(derived) === fingerprint(columns) ? undefined : 'columns_differ_from_content';
}

function fingerprint(columns: DerivedColumns): string {
  return JSON.stringify([
    columns.event_id,
    columns.type,
    columns.user_id,
    columns.customer_id,
    columns.customer_via,
    columns.stripe_ids,
    columns.ip,
    columns.user_agent,
    columns.request_id,
    columns.cause_id,
    columns.occurred_at,
  ]);
}

/** undefined for bytes that no version of this service wrote. */
export function readContent(content: Buffer) {
  try {
    const parsed = contentSchema.safeParse(JSON.parse(content.toString('utf8')));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
