import { createHash } from 'node:crypto';
import { opened, sealed } from './box.js';

export interface WrappedKey {
  wrapped: Buffer;
  /** Which master key wrapped it: the beginning of a digest, of which nobody gets back to the key. */
  masterKeyId: string;
}

/** The keys from the environment that wrap all others. The first wraps; those behind it only open what they wrapped once. */
export class MasterKeys {
  private readonly byId: ReadonlyMap<string, Buffer>;
  readonly currentId: string;

  private constructor(
    private readonly current: Buffer,
    others: readonly Buffer[],
  ) {
    this.currentId = idOf(current);
    this.byId = new Map([current, ...others].map((key) => [idOf(key), key]));
  }

  /** As `AUDIT_MASTER_KEY` lists them. */
  static from([first, ...others]: readonly Buffer[]): MasterKeys {
    if (first === undefined) throw new Error('no master key');
    return new MasterKeys(first, others);
  }

  /** `keyId` is bound to it, so that nobody's key can be put in the place of another's. */
  wrap(key: Buffer, keyId: string): WrappedKey {
    return { wrapped: sealed(key, this.current, keyId), masterKeyId: this.currentId };
  }

  /** Undefined when the master key that wrapped it is not among these, or it is not that key's. */
  unwrap({ wrapped, masterKeyId }: WrappedKey, keyId: string): Buffer | undefined {
    const master = this.byId.get(masterKeyId);
    return master === undefined ? undefined : opened(wrapped, master, keyId);
  }
}

function idOf(key: Buffer): string {
  return createHash('sha256').update('billhook.audit.master-key.v1').update(key).digest('hex').slice(0, 16);
}
