import { Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { Checkpoints } from './checkpoint.store.js';

/** One index look-up; the less an entry waits for its checkpoint, the less can be changed before it. */
const everyMs = 1_000;

/** Has checkpoints signed while the service runs. Every replica has one; a lock lets one of them sign. */
@Injectable()
export class CheckpointRunner implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly log = new Logger('checkpoints');
  private readonly stopping = new AbortController();
  private loop: Promise<void> = Promise.resolve();
  private trouble: string | undefined;

  constructor(private readonly checkpoints: Checkpoints) {}

  onApplicationBootstrap(): void {
    this.loop = this.run();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.loop;
  }

  /** For the table of readiness checks: without checkpoints the trail goes on, but cannot be proved. */
  readiness(): Promise<{ up: boolean; detail?: string }> {
    return Promise.resolve(this.trouble === undefined ? { up: true } : { up: false, detail: this.trouble });
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const signed = await this.signDue();
      // Aborted is how it ends, no failure.
      if (signed === 0) await delay(everyMs, undefined, { signal }).catch(() => undefined);
    }
  }

  private async signDue(): Promise<number> {
    try {
      const signed = await this.checkpoints.signDue(new Date());
      if (signed > 0) this.log.log({ msg: 'signed', checkpoints: signed });
      this.trouble = undefined;
      return signed;
    } catch (error) {
      this.trouble = 'checkpoints cannot be signed or noted';
      this.log.warn({ msg: this.trouble, err: error });
      return 0;
    }
  }
}
