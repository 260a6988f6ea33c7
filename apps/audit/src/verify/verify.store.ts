import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { begun } from '../export/begun.js';
import { Proof, verifyChain } from '../trail/chain-verifier.js';
import type { Verdict } from '../trail/chain-verifier.js';
import type { DerivedColumns, StoredEntry } from '../trail/chain.js';
import { CheckpointKeys } from '../trail/checkpoint.js';
import type { Checkpoint } from '../trail/checkpoint.js';

/** Many, since planning a page over every month costs as much as some hundred entries; few enough for little memory. */
const pageSize = 2_000;
const hashLength = 32;
const nothing = Buffer.alloc(0);

interface Row extends Omit<DerivedColumns, 'occurred_at'> {
  seq: string;
  recorded_at: string;
  occurred_at: string | null;
  /** Whether nothing is missing and each hash is as long as it has to be: in one piece they could lend each other bytes. */
  is_whole: boolean;
  bytes: Buffer;
}

/**
 * Microseconds as text: a Date holds milliseconds only, and the hash covers what PostgreSQL stored. What is binary comes in one
 * piece, which is decoded once.
 */
const page = `
  SELECT seq, (extract(epoch FROM recorded_at) * 1000000)::bigint AS recorded_at,
         previous_hash || content_hash || hash || content AS bytes,
         (octet_length(previous_hash), octet_length(content_hash), octet_length(hash)) = (32, 32, 32) AND content IS NOT NULL AS is_whole,
         event_id, type, user_id, customer_id, customer_via, array_to_json(stripe_ids)::text AS stripe_ids, ip, user_agent, request_id,
         cause_id, trunc(extract(epoch FROM occurred_at) * 1000000)::text AS occurred_at
  FROM entry WHERE seq > $1 AND seq <= $3 ORDER BY seq, recorded_at LIMIT $2`;

const checkpointsSigned = `
  SELECT seq, (extract(epoch FROM recorded_at) * 1000000)::bigint AS recorded_at, hash,
         (extract(epoch FROM signed_at) * 1000000)::bigint AS signed_at, key_id, signature
  FROM checkpoint ORDER BY seq`;

interface CheckpointRow {
  seq: string;
  recorded_at: string;
  hash: Buffer;
  signed_at: string;
  key_id: string;
  signature: Buffer;
}

/** A part of the chain, by seq, both inclusive. */
export interface Part {
  from?: bigint | undefined;
  to?: bigint | undefined;
}

/** `provedBy` is the seq of the checkpoint; null while nothing from the entry on has been signed. */
export interface EntryProof {
  verdict: Verdict;
  provedBy: number | null;
}

const lowest = -(2n ** 63n);
const highest = 2n ** 63n - 1n;

@Injectable()
export class VerifyStore {
  constructor(
    private readonly dataSource: DataSource,
    private readonly keys: CheckpointKeys,
  ) {}

  /** Against the checkpoints in this database, read first: whoever owns it can remove them too, so note them elsewhere. */
  async verify({ from, to }: Part = {}): Promise<Verdict> {
    const signed = await this.checkpoints();
    const before = from === undefined ? undefined : signed.findLast(({ seq }) => seq < from)?.seq;
    const proof = new Proof(to === undefined ? signed : signed.filter(({ seq }) => seq <= to), this.keys.publicKeys);
    const start = before === undefined ? undefined : before + 1n;
    return verifyChain(this.walk({ from: start, to }), { proof, from: start, isWhole: to === undefined });
  }

  /** From the checkpoint before an entry to the first at it or behind it: what it takes to prove this one, and no more. */
  async verifyEntry(seq: bigint): Promise<EntryProof> {
    const next = (await this.checkpoints()).find((checkpoint) => checkpoint.seq >= seq)?.seq;
    return { verdict: await this.verify({ from: seq, to: next }), provedBy: next === undefined ? null : Number(next) };
  }

  async checkpoints(): Promise<Checkpoint[]> {
    const rows: CheckpointRow[] = await this.dataSource.query(checkpointsSigned);
    return rows.map((row) => ({
      seq: BigInt(row.seq),
      recordedAt: BigInt(row.recorded_at),
      hash: row.hash,
      signedAt: BigInt(row.signed_at),
      keyId: row.key_id,
      signature: row.signature,
    }));
  }

  publicPem(): string {
    return this.keys.publicKeys.map((key) => key.export({ format: 'pem', type: 'spki' }).toString()).join('');
  }

  /**
   * Every entry in order of seq, a page at a time, of which the next is read while this one is walked: constant memory, and no
   * snapshot held for the minutes a long walk takes. What is appended meanwhile is walked too.
   */
  async *walk({ from = lowest + 1n, to = highest }: Part = {}): AsyncGenerator<StoredEntry[]> {
    // From the first possible seq unless told otherwise, so that a forged entry 0 is met.
    let coming = begun(this.page(from - 1n, to));
    for (;;) {
      const read = await coming;
      const [last, beyond] = read.slice(pageSize - 1);
      if (last === undefined || beyond === undefined) {
        yield read;
        return;
      }
      coming = begun(this.page(last.seq, to));
      // The next page begins behind this number, and would leave out a second entry of it: it is walked here, and found.
      yield beyond.seq === last.seq ? read : read.slice(0, pageSize);
    }
  }

  /** One more than a page, if there are so many. */
  private async page(after: bigint, to: bigint): Promise<StoredEntry[]> {
    const rows: Row[] = await this.dataSource.query(page, [after.toString(), pageSize + 1, to.toString()]);
    return rows.map(toStoredEntry);
  }
}

function toStoredEntry({ seq, recorded_at, is_whole, bytes: all, occurred_at, ...columns }: Row): StoredEntry {
  const bytes = is_whole ? all : nothing;
  return {
    seq: BigInt(seq),
    recordedAt: BigInt(recorded_at),
    previousHash: bytes.subarray(0, hashLength),
    contentHash: bytes.subarray(hashLength, 2 * hashLength),
    hash: bytes.subarray(2 * hashLength, 3 * hashLength),
    content: bytes.subarray(3 * hashLength),
    columns: { ...columns, occurred_at: occurred_at === null ? null : microseconds(occurred_at) },
  };
}

/** PostgreSQL's words for a time without an end are no number, and no entry's time. */
function microseconds(text: string): bigint {
  return /^-?\d+$/.test(text) ? BigInt(text) : lowest;
}
