import { hash } from 'node:crypto';

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

const numbersAt = domain.length;
const hashesAt = numbersAt + 16;

export function entryHash(link: Link): Buffer {
  const bytes = Buffer.allocUnsafe(hashesAt + 64);
  domain.copy(bytes);
  bytes.writeBigInt64BE(link.seq, numbersAt);
  bytes.writeBigInt64BE(link.recordedAt, numbersAt + 8);
  link.previousHash.copy(bytes, hashesAt);
  link.contentHash.copy(bytes, hashesAt + 32);
  return sha256(bytes);
}

export function sha256(bytes: Buffer): Buffer {
  return hash('sha256', bytes, 'buffer');
}

/** An entry with all that its place in the chain follows from. */
export interface ChainedEntry extends Link {
  hash: Buffer;
  content: Buffer;
}

/** An entry as it lies in the table: with the columns that were derived from its bytes. */
export interface StoredEntry extends ChainedEntry {
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

/** A column is an index into the content: one that says otherwise would hide an entry, or show it to the wrong person. */
export function columnFault({
  content,
  columns,
}: StoredEntry): 'content_unreadable' | 'columns_differ_from_content' | undefined {
  const read = recordIn(content);
  if (read === undefined) return 'content_unreadable';
  return fingerprint(derivedFrom(read)) === fingerprint(columns) ? undefined : 'columns_differ_from_content';
}

/** Not by the schema, which takes ten times as long as the hashes do: what differs from it differs in its columns, too. */
function recordIn(content: Buffer): { [name: string]: unknown } | undefined {
  try {
    const parsed: unknown = JSON.parse(content.toString('utf8'));
    return isNamed(parsed) ? parsed : undefined;
  } catch {
    // An expected outcome: it is the verdict.
    return undefined;
  }
}

function isNamed(value: unknown): value is { [name: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Addresses and user agents stand in columns of version 1 alone: since then they are sealed. */
function derivedFrom(read: { [name: string]: unknown }): { [column in keyof DerivedColumns]: unknown } {
  const isUnsealed = read['v'] === 1;
  const { occurred_at } = read;
  return {
    event_id: read['id'],
    type: read['type'],
    user_id: read['user_id'],
    customer_id: read['customer_id'],
    customer_via: read['customer_via'],
    stripe_ids: read['stripe_ids'],
    ip: isUnsealed ? read['ip'] : null,
    user_agent: isUnsealed ? read['user_agent'] : null,
    request_id: read['request_id'],
    cause_id: read['cause_id'],
    occurred_at: typeof occurred_at === 'string' ? new Date(occurred_at) : occurred_at,
  };
}

function fingerprint(columns: { [column in keyof DerivedColumns]: unknown }): string {
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
