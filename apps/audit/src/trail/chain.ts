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
/** Written over for each entry: nothing is waited for between filling it and hashing it. */
const linkBytes = Buffer.alloc(hashesAt + 64);
domain.copy(linkBytes);
const linkView = new DataView(linkBytes.buffer, linkBytes.byteOffset, linkBytes.length);

/** Both hashes of the link have to be 32 bytes long. */
export function entryHash({ seq, recordedAt, previousHash, contentHash }: Link): Buffer {
  linkView.setBigInt64(numbersAt, seq);
  linkView.setBigInt64(numbersAt + 8, recordedAt);
  linkBytes.set(previousHash, hashesAt);
  linkBytes.set(contentHash, hashesAt + 32);
  return sha256(linkBytes);
}

/** Of a text, that of its UTF-8. By way of a text, which with its way back takes Node less than half as long as a Buffer. */
export function sha256(bytes: Buffer | string): Buffer {
  return Buffer.from(hash('sha256', bytes, 'hex'), 'hex');
}

/** An entry with all that its place in the chain follows from. Its content as bytes, or as the text whose UTF-8 they are. */
export interface ChainedEntry<Content extends Buffer | string = Buffer | string> extends Link {
  hash: Buffer;
  content: Content;
}

/** An entry as it lies in the table: with the columns that were derived from its bytes. */
export interface StoredEntry extends ChainedEntry<Buffer> {
  columns: DerivedColumns;
}

/** The columns that entries are found by. */
export interface DerivedColumns {
  event_id: string;
  type: string;
  user_id: string | null;
  customer_id: string | null;
  customer_via: string | null;
  /** A JSON text without spaces. */
  stripe_ids: string;
  ip: string | null;
  user_agent: string | null;
  request_id: string | null;
  cause_id: string | null;
  /** Microseconds since the epoch. */
  occurred_at: bigint | null;
}

/** A column is an index into the content: one that says otherwise would hide an entry, or show it to the wrong person. */
export function columnFault({
  content,
  columns,
}: StoredEntry): 'content_unreadable' | 'columns_differ_from_content' | undefined {
  const read = recordIn(content);
  if (read === undefined) return 'content_unreadable';
  return agree(read, columns) ? undefined : 'columns_differ_from_content';
}

interface Named {
  [name: string]: unknown;
}

/** Not by the schema, which takes ten times as long as the hashes do: what differs from it differs in its columns, too. */
function recordIn(content: Buffer): Named | undefined {
  try {
    const parsed: unknown = JSON.parse(content.toString('utf8'));
    return isNamed(parsed) ? parsed : undefined;
  } catch {
    // An expected outcome: it is the verdict.
    return undefined;
  }
}

function isNamed(value: unknown): value is Named {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** One by one, which costs a tenth of writing both sides out. Addresses and user agents stand in columns of version 1 alone. */
function agree(read: Named, columns: DerivedColumns): boolean {
  const isUnsealed = read['v'] === 1;
  return (
    read['id'] === columns.event_id &&
    read['type'] === columns.type &&
    orNull(read['user_id']) === columns.user_id &&
    orNull(read['customer_id']) === columns.customer_id &&
    orNull(read['customer_via']) === columns.customer_via &&
    JSON.stringify(read['stripe_ids']) === columns.stripe_ids &&
    orNull(isUnsealed ? read['ip'] : null) === columns.ip &&
    orNull(isUnsealed ? read['user_agent'] : null) === columns.user_agent &&
    orNull(read['request_id']) === columns.request_id &&
    orNull(read['cause_id']) === columns.cause_id &&
    instantIn(read['occurred_at']) === columns.occurred_at
  );
}

/** A field that is not there has an empty column. */
function orNull(value: unknown): unknown {
  return value ?? null;
}

/** Undefined, which no column is, for what is no time. */
function instantIn(value: unknown): bigint | null | undefined {
  if (value == null) return null;
  const milliseconds = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(milliseconds) ? undefined : BigInt(milliseconds) * 1_000n;
}
