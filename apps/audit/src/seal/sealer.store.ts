import { Injectable } from '@nestjs/common';
import type { Draft, ReadableContent } from '../trail/content.js';
import { blindToken } from './blind-index.js';
import { ownerOf } from './owner.js';
import { keysOf, reveal, sealEntry } from './sealed-entry.js';
import type { Revealed, SealedEntry } from './sealed-entry.js';
import { SealingKeys } from './sealing-keys.store.js';

/** Between entries as they are stored and entries as ops may read them: fetches the keys, once for many entries. */
@Injectable()
export class Sealer {
  constructor(
    private readonly keys: SealingKeys,
    private readonly indexKey: Buffer,
  ) {}

  /** In the order given. Throws Retryable when the keys cannot be had. */
  async seal(drafts: readonly Draft[]): Promise<SealedEntry[]> {
    const now = new Date();
    const owners = drafts.flatMap(({ personal }) => personal.map(({ person }) => ownerOf(person, now)));
    const keys = await this.keys.forSealing(owners);
    return drafts.map((draft) => sealEntry(draft, (person) => keys.get(ownerOf(person, now)), this.indexKey));
  }

  /** In the order given. */
  async reveal(contents: readonly ReadableContent[]): Promise<Revealed[]> {
    const keys = await this.keys.forOpening(contents.flatMap(keysOf));
    return contents.map((content) => reveal(content, keys));
  }

  /** By what an entry from this address is found while the address is sealed. */
  tokenOf(address: string): Buffer {
    return blindToken(this.indexKey, 'ip', address);
  }
}
