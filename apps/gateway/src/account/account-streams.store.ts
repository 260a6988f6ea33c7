import { Refused, Retryable } from '@billhook/runtime';
import { Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { AccountChanges } from './account-changes.store.js';
import { AccountReader } from './account-reader.store.js';
import type { AccountStream } from './account-stream.js';

/** A person with a few tabs and devices; more in one process is a client that does not close its streams. */
const mostPerUser = 12;
const tickMs = 1_000;
/** Accounts that one statement reads. */
const mostAtOnce = 500;
/** After a stop the browsers come back, spread over this long. */
const comeBackMs = { soonest: 500, spread: 4_000 };

/** Everybody who follows an account in this process. However many follow, and however often it changes, it is read once. */
@Injectable()
export class AccountStreams implements OnModuleInit, BeforeApplicationShutdown {
  private readonly ofUser = new Map<string, { streams: Set<AccountStream>; unsubscribe: () => void }>();
  private readonly toRead = new Set<string>();
  private isReading = false;
  private isClosing = false;
  private ticking: NodeJS.Timeout | undefined;
  private readonly log = new Logger('account-streams');

  constructor(
    private readonly accounts: AccountReader,
    private readonly changes: AccountChanges,
  ) {}

  onModuleInit(): void {
    this.ticking = setInterval(() => this.tick(), tickMs).unref();
  }

  /** Before the server closes, which waits for every response to end. */
  beforeApplicationShutdown(): void {
    this.isClosing = true;
    clearInterval(this.ticking);
    for (const stream of this.all()) stream.end(comeBackMs.soonest + Math.floor(Math.random() * comeBackMs.spread));
  }

  /** Throws Refused streams_exhausted, Retryable shutting_down: to be asked before an answer has begun. */
  admit(userId: string): void {
    if (this.isClosing) throw new Retryable('shutting_down');
    if ((this.ofUser.get(userId)?.streams.size ?? 0) >= mostPerUser) throw new Refused('streams_exhausted');
  }

  /** Its account is on its way from here on, also one that changes this very moment. */
  add(stream: AccountStream): void {
    const { userId } = stream;
    const known = this.ofUser.get(userId);
    if (known === undefined) {
      const unsubscribe = this.changes.subscribe(userId, () => this.look(userId));
      this.ofUser.set(userId, { streams: new Set([stream]), unsubscribe });
    } else known.streams.add(stream);
    this.look(userId);
  }

  remove(stream: AccountStream): void {
    const known = this.ofUser.get(stream.userId);
    known?.streams.delete(stream);
    if (known?.streams.size !== 0) return;
    known.unsubscribe();
    this.ofUser.delete(stream.userId);
  }

  /** Has its account read, and told to whoever does not know it. */
  look(userId: string): void {
    this.toRead.add(userId);
    if (!this.isReading) void this.readAll();
  }

  private async readAll(): Promise<void> {
    this.isReading = true;
    try {
      while (this.toRead.size > 0) await this.readSome([...this.toRead].slice(0, mostAtOnce));
    } catch (error) {
      // They stay on the list; the next tick tries again.
      this.log.warn({ msg: 'accounts that changed could not be read', count: this.toRead.size, err: error });
    } finally {
      this.isReading = false;
    }
  }

  private async readSome(userIds: string[]): Promise<void> {
    // Off the list before they are read: a change that comes meanwhile has them read again.
    for (const userId of userIds) this.toRead.delete(userId);
    const accounts = await this.accounts.answers(userIds).catch((error: unknown) => {
      for (const userId of userIds) this.toRead.add(userId);
      throw error;
    });
    const now = Date.now();
    for (const { userId, answer } of accounts) {
      for (const stream of this.ofUser.get(userId)?.streams ?? []) {
        if (answer === null) stream.end(null);
        else stream.offer(answer, now);
      }
    }
  }

  private tick(): void {
    const now = Date.now();
    for (const stream of this.all()) stream.tick(now);
    if (this.toRead.size > 0 && !this.isReading) void this.readAll();
  }

  private *all(): Generator<AccountStream> {
    for (const { streams } of this.ofUser.values()) yield* streams;
  }
}
