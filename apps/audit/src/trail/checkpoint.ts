import { createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

/** The head of the chain at some time. */
export interface Head {
  seq: bigint;
  /** Microseconds since the epoch. */
  recordedAt: bigint;
  hash: Buffer;
}

/**
 * A head that was signed, and noted where the database's owner cannot reach: from then on nothing up to it can be changed unseen.
 * Ed25519 over
 *
 *     "billhook.audit.checkpoint.v1" ‖ seq ‖ recorded_at ‖ hash ‖ signed_at
 *
 * with the numbers as signed 64-bit big-endian integers (times in microseconds since 1970-01-01 UTC) and the hash as its 32 bytes.
 */
export interface Checkpoint extends Head {
  /** Microseconds since the epoch. */
  signedAt: bigint;
  keyId: string;
  signature: Buffer;
}

const domain = Buffer.from('billhook.audit.checkpoint.v1', 'ascii');
/** RFC 8410: what stands before the 32 bytes of an Ed25519 key in PKCS #8. */
const pkcs8Prefix = Buffer.from('302e020100300506032b657004220420', 'hex');

export class CheckpointKey {
  private readonly key: KeyObject;
  readonly publicKey: KeyObject;
  readonly id: string;

  /** `seed`: the 32 bytes of `AUDIT_CHECKPOINT_KEY`. */
  constructor(seed: Buffer) {
    this.key = createPrivateKey({ key: Buffer.concat([pkcs8Prefix, seed]), format: 'der', type: 'pkcs8' });
    this.publicKey = createPublicKey(this.key);
    this.id = keyIdOf(this.publicKey);
  }

  sign(head: Head, signedAt: bigint): Checkpoint {
    const unsigned = { seq: head.seq, recordedAt: head.recordedAt, hash: head.hash, signedAt, keyId: this.id };
    return { ...unsigned, signature: sign(null, signedBytes(unsigned), this.key) };
  }

  /** PEM, for whoever verifies. */
  publicPem(): string {
    return this.publicKey.export({ format: 'pem', type: 'spki' }).toString();
  }
}

/** The first key signs; those behind it have signed before. */
export class CheckpointKeys {
  readonly publicKeys: readonly KeyObject[];

  private constructor(
    readonly current: CheckpointKey,
    former: readonly CheckpointKey[],
  ) {
    this.publicKeys = [current, ...former].map(({ publicKey }) => publicKey);
  }

  /** As `AUDIT_CHECKPOINT_KEY` lists them. */
  static from(seeds: readonly Buffer[]): CheckpointKeys {
    const [first, ...others] = seeds.map((seed) => new CheckpointKey(seed));
    if (first === undefined) throw new Error('no checkpoint key');
    return new CheckpointKeys(first, others);
  }
}

export function keyIdOf(publicKey: KeyObject): string {
  return createHash('sha256')
    .update(publicKey.export({ format: 'der', type: 'spki' }))
    .digest('hex')
    .slice(0, 16);
}

/** Whether one of these keys has signed it. */
export function isSigned(checkpoint: Checkpoint, publicKeys: readonly KeyObject[]): boolean {
  const key = publicKeys.find((each) => keyIdOf(each) === checkpoint.keyId);
  return key !== undefined && verify(null, signedBytes(checkpoint), key, checkpoint.signature);
}

function signedBytes({ seq, recordedAt, hash, signedAt }: Omit<Checkpoint, 'signature'>): Buffer {
  const numbers = Buffer.alloc(24);
  numbers.writeBigInt64BE(seq, 0);
  numbers.writeBigInt64BE(recordedAt, 8);
  numbers.writeBigInt64BE(signedAt, 16);
  return Buffer.concat([domain, numbers.subarray(0, 16), hash, numbers.subarray(16)]);
}
