import { Refused, Retryable } from '@billhook/runtime';
import { Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { EntriesStore } from '../query/entries.store.js';
import type { Tail } from './tail.js';

/** Ops are few; more in one process is a client that does not close its streams. */
const mostTails = 50;
/** One look at the newest entry for all of them, while there are any: quicker than people read, and no work for whoever appends. */
const lookEveryMs = 300;

/** Everybody who follows the trail in this process, whichever replica appends. */
@Injectable()
export class Tails implements OnModuleInit, BeforeApplicationShutdown {
  private readonly log = new Logger('tails');
  private readonly open = new Set<Tail>();
  private timer: NodeJS.Timeout | undefined;
  private isLooking = false;
  private isClosing = false;

  constructor(private readonly entries: EntriesStore) {}

  onModuleInit(): void {
    this.timer = setInterval(() => void this.look(), lookEveryMs).unref();
  }

  /** Before the server closes, which waits for every response to end. */
  beforeApplicationShutdown(): void {
    this.isClosing = true;
    clearInterval(this.timer);
    for (const tail of this.open) tail.end();
  }

  /** Throws Refused streams_exhausted, Retryable shutting_down: to be asked before an answer has begun. */
  admit(): void {
    if (this.isClosing) throw new Retryable('shutting_down');
    if (this.open.size >= mostTails) throw new Refused('streams_exhausted');
  }

  add(tail: Tail): void {
    this.open.add(tail);
  }

  remove(tail: Tail): void {
    this.open.delete(tail);
  }

  private async look(): Promise<void> {
    const now = Date.now();
    for (const tail of this.open) tail.tick(now);
    if (this.isLooking || this.open.size === 0) return;
    this.isLooking = true;
    try {
      const head = await this.entries.head();
      await Promise.all([...this.open].map((tail) => tail.offer(head, Date.now)));
    } catch (error) {
      // Nobody has missed anything: the next look tries again from where each was.
      this.log.warn({ msg: 'the trail could not be followed, trying again', err: error });
    } finally {
      this.isLooking = false;
    }
  }
}
