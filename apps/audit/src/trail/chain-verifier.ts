import type { KeyObject } from 'node:crypto';
import { columnFault, entryHash, genesisHash, sha256 } from './chain.js';
import type { ChainedEntry, StoredEntry } from './chain.js';
import { isSigned } from './checkpoint.js';
import type { Checkpoint } from './checkpoint.js';
import { toIso } from './instants.js';

/** Each entry whose seq is a multiple of this is signed, so that whoever verifies knows which checkpoints there have to be. */
export const checkpointEvery = 1_000;
/** Made once: it is asked for at every entry. */
const everySeq = BigInt(checkpointEvery);

export type Fault =
  | 'missing'
  | 'recorded_at_decreased'
  | 'previous_hash_differs'
  | 'content_hash_differs'
  | 'hash_differs'
  | 'content_unreadable'
  | 'columns_differ_from_content'
  | 'checkpoint_foreign'
  | 'checkpoint_differs'
  | 'checkpoint_missing';

/** `entries` counts those that hold. Of them, those up to `checkpoints.last_seq` are proved; what follows only fits together. */
export type Verdict =
  | {
      ok: true;
      entries: number;
      first: { seq: number; recorded_at: string } | null;
      head: { seq: number; hash: string } | null;
      checkpoints: { count: number; last_seq: number | null };
    }
  | { ok: false; entries: number; first_bad: { seq: number; fault: Fault } };

/** What the chain is measured against: heads that were signed while it grew. */
export class Proof {
  private readonly bySeq = new Map<bigint, Checkpoint[]>();
  /** 0 when there is none. */
  readonly newest: bigint;

  constructor(
    checkpoints: readonly Checkpoint[],
    private readonly publicKeys: readonly KeyObject[],
  ) {
    let newest = 0n;
    for (const checkpoint of checkpoints) {
      const same = this.bySeq.get(checkpoint.seq);
      if (same === undefined) this.bySeq.set(checkpoint.seq, [checkpoint]);
      else same.push(checkpoint);
      if (checkpoint.seq > newest) newest = checkpoint.seq;
    }
    this.newest = newest;
  }

  at(seq: bigint): readonly Checkpoint[] {
    return this.bySeq.get(seq) ?? [];
  }

  isSigned(checkpoint: Checkpoint): boolean {
    return isSigned(checkpoint, this.publicKeys);
  }
}

export const withoutProof = new Proof([], []);

/** Where the walk has come to: the entry before the next one. */
interface Position {
  seq: bigint;
  recordedAt: bigint;
  hash: Buffer;
}

/** An entry, and what it has to agree with. */
interface Place {
  entry: ChainedEntry;
  before: Position;
  signed: readonly Checkpoint[];
  proof: Proof;
}

export interface Check {
  fault: Fault;
  isWrong: (place: Place) => boolean;
}

/** In this order, the cheap ones first; each is needed, which a spec shows by leaving it out. */
export const entryChecks: readonly Check[] = [
  { fault: 'missing', isWrong: ({ entry, before }) => entry.seq !== before.seq + 1n },
  { fault: 'recorded_at_decreased', isWrong: ({ entry, before }) => entry.recordedAt < before.recordedAt },
  { fault: 'previous_hash_differs', isWrong: ({ entry, before }) => !entry.previousHash.equals(before.hash) },
  { fault: 'content_hash_differs', isWrong: ({ entry }) => !entry.contentHash.equals(sha256(entry.content)) },
  { fault: 'hash_differs', isWrong: ({ entry }) => !entry.hash.equals(entryHash(entry)) },
  { fault: 'checkpoint_foreign', isWrong: ({ signed, proof }) => signed.some((each) => !proof.isSigned(each)) },
  { fault: 'checkpoint_differs', isWrong: ({ entry, signed }) => signed.some((each) => !isOf(each, entry)) },
  {
    fault: 'checkpoint_missing',
    isWrong: ({ entry: { seq }, signed, proof }) => signed.length === 0 && seq % everySeq === 0n && seq < proof.newest,
  },
];

function isOf(checkpoint: Checkpoint, { hash, recordedAt }: ChainedEntry): boolean {
  return checkpoint.hash.equals(hash) && checkpoint.recordedAt === recordedAt;
}

const beforeAll: Position = { seq: 0n, recordedAt: -(2n ** 63n), hash: genesisHash };

/**
 * Walks entries in ascending order and stops at the first that does not hold. It begins with the first entry ever; or behind the
 * last entry of a month, if that has a checkpoint: so much may have been taken away as a whole. `from` lets it begin behind any
 * checkpoint, for a part of the chain.
 */
export class ChainVerifier {
  private position: Position | undefined;
  private first: Position | undefined;
  private entries = 0;
  private checkpoints = 0;
  private lastProved: bigint | undefined;
  private failed: { seq: number; fault: Fault } | undefined;

  constructor(
    private readonly proof: Proof,
    private readonly from?: bigint,
    private readonly checks: readonly Check[] = entryChecks,
  ) {}

  /** Whether it holds. Once one does not, the verdict is final. */
  add(entry: ChainedEntry, alsoWrong?: Fault): boolean {
    const before = this.position ?? this.startFor(entry);
    const signed = this.proof.at(entry.seq);
    const place = { entry, before, signed, proof: this.proof };
    const fault = this.checks.find(({ isWrong }) => isWrong(place))?.fault ?? alsoWrong;
    if (fault !== undefined) {
      this.failed = { seq: Number(before.seq) + 1, fault };
      return false;
    }
    this.first ??= entry;
    this.position = entry;
    this.entries += 1;
    if (signed.length > 0) {
      this.checkpoints += 1;
      this.lastProved = entry.seq;
    }
    return true;
  }

  /** `isWhole`: nothing was left out at the end, so that whatever is signed must have been there. */
  verdict(isWhole: boolean): Verdict {
    const { entries, position } = this;
    if (this.failed === undefined && isWhole && this.proof.newest > (position?.seq ?? 0n)) {
      this.failed = { seq: Number(position?.seq ?? 0n) + 1, fault: 'missing' };
    }
    if (this.failed !== undefined) return { ok: false, entries, first_bad: this.failed };
    const { first } = this;
    return {
      ok: true,
      entries,
      first: first === undefined ? null : { seq: Number(first.seq), recorded_at: toIso(first.recordedAt) },
      head: position === undefined ? null : { seq: Number(position.seq), hash: position.hash.toString('hex') },
      checkpoints: {
        count: this.checkpoints,
        last_seq: this.lastProved === undefined ? null : Number(this.lastProved),
      },
    };
  }

  private startFor(entry: ChainedEntry): Position {
    const [checkpoint] = this.proof.at(entry.seq - 1n).filter((each) => this.proof.isSigned(each));
    if (checkpoint === undefined) return beforeAll;
    const isStart = entry.seq === this.from || monthOf(checkpoint.recordedAt) < monthOf(entry.recordedAt);
    return isStart ? checkpoint : beforeAll;
  }
}

function monthOf(microseconds: bigint): string {
  return toIso(microseconds).slice(0, 7);
}

/** What to measure a walk against, and where it begins and ends. */
export interface Walk {
  proof: Proof;
  from?: bigint | undefined;
  /** Whether the pages go to the end of the chain. */
  isWhole: boolean;
}

/** With the columns that entries are found by; many at a time, since waiting for each would take as long as checking it. */
export async function verifyChain(
  pages: AsyncIterable<readonly StoredEntry[]>,
  { proof, from, isWhole }: Walk = { proof: withoutProof, isWhole: true },
): Promise<Verdict> {
  const verifier = new ChainVerifier(proof, from);
  for await (const entries of pages) if (!entries.every((entry) => verifier.add(entry, columnFault(entry)))) break;
  return verifier.verdict(isWhole);
}
