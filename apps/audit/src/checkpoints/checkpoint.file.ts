import { open } from 'node:fs/promises';
import { checkpointLine } from '../trail/checkpoint-line.js';
import type { Checkpoint } from '../trail/checkpoint.js';

/** Where checkpoints are noted outside the database: a file that only grows, on a disk its owner cannot write to. */
export class CheckpointFile {
  constructor(private readonly path: string) {}

  /** Resolves once the disk has them. One write, so that replicas that share a file do not write into each other's lines. */
  async append(checkpoints: readonly Checkpoint[]): Promise<void> {
    const file = await open(this.path, 'a', 0o640);
    try {
      await file.appendFile(checkpoints.map(checkpointLine).join(''));
      await file.sync();
    } finally {
      await file.close();
    }
  }
}
