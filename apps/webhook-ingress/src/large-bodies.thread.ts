import { Injectable } from '@nestjs/common';
import type { OnApplicationShutdown } from '@nestjs/common';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { envelopeOf } from './stripe-envelope.js';
import type { EnvelopeReading } from './stripe-envelope.js';

interface Answer {
  id: number;
  outline: { ok: true; value: unknown } | { ok: false; reason: string };
}

/** Reads the envelope of a large body in a thread of its own, which is started when the first one comes. */
@Injectable()
export class LargeBodies implements OnApplicationShutdown {
  private readonly waiting = new Map<number, PromiseWithResolvers<EnvelopeReading>>();
  private worker: Worker | undefined;
  private sequence = 0;

  /** Rejects only when the thread ends before its answer. */
  read(body: Buffer): Promise<EnvelopeReading> {
    this.worker ??= this.start();
    const id = (this.sequence += 1);
    const reading = Promise.withResolvers<EnvelopeReading>();
    this.waiting.set(id, reading);
    this.worker.postMessage({ id, bytes: body }, []);
    return reading.promise;
  }

  async onApplicationShutdown(): Promise<void> {
    await this.worker?.terminate();
  }

  private start(): Worker {
    const worker = new Worker(workerFile());
    worker.unref();
    worker.on('message', ({ id, outline }: Answer) => {
      this.waiting.get(id)?.resolve(outline.ok ? envelopeOf(outline.value) : outline);
      this.waiting.delete(id);
    });
    worker.on('error', (error) => this.giveUp(worker, error));
    worker.on('exit', (code) =>
      this.giveUp(worker, new Error(`the thread that reads large bodies ended with ${code}`)),
    );
    return worker;
  }

  /** The next body starts another thread, whose bodies are not lost when the first one, after its error, also exits. */
  private giveUp(worker: Worker, error: unknown): void {
    if (this.worker !== worker) return;
    this.worker = undefined;
    const lost = [...this.waiting.values()];
    this.waiting.clear();
    for (const reading of lost) reading.reject(error);
  }
}

/** Node runs the TypeScript source itself when we are the source (Jest), the compiled file otherwise. */
function workerFile(): string {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return fileURLToPath(new URL(`./large-body-worker.${extension}`, import.meta.url));
}
