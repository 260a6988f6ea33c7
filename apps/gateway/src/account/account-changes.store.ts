import { listen } from '@billhook/database';
import type { Listener } from '@billhook/database';
import { Injectable } from '@nestjs/common';
import type { OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { GatewayConfig } from '../config.js';
import { accountChannel } from './account.store.js';

export interface AccountWatch {
  /** Resolves at the next change since the last call, or after the time; at once when a change has come in between. */
  next(timeoutMs: number): Promise<void>;
  close(): void;
}

/** Whoever keeps something of many accounts, and must not keep what has changed. */
export interface AccountFollower {
  changed(userId: string): void;
  /** Any account may have changed unheard. */
  missed(): void;
}

/** Hears of every account that changes, whichever replica applied it, and wakes who waits for it in this process. */
@Injectable()
export class AccountChanges implements OnModuleInit, OnApplicationShutdown {
  private readonly watchers = new Map<string, Set<() => void>>();
  private readonly followers: AccountFollower[] = [];
  private listener: Listener | undefined;

  constructor(private readonly config: GatewayConfig) {}

  onModuleInit(): void {
    this.listener = listen({
      url: this.config.DATABASE_URL,
      channel: accountChannel,
      applicationName: 'billhook-gateway-listen',
      onNotify: (userId) => this.heard(userId),
      onLost: () => this.missed(),
      // What was notified while the connection was lost is unknown: everybody looks again.
      onReconnect: () => {
        this.missed();
        [...this.watchers.keys()].forEach((userId) => this.wake(userId));
      },
    });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.listener?.close();
  }

  /** Whether a change would be heard of now. */
  get isListening(): boolean {
    return this.listener?.isUp ?? false;
  }

  /** Of a change that this process has committed itself it knows before the notification is back. */
  heard(userId: string): void {
    for (const follower of this.followers) follower.changed(userId);
    this.wake(userId);
  }

  /** For as long as the process lives. */
  follow(follower: AccountFollower): void {
    this.followers.push(follower);
  }

  /** Calls back at each change of this account until the returned function is called. */
  subscribe(userId: string, onChange: () => void): () => void {
    this.add(userId, onChange);
    return () => this.remove(userId, onChange);
  }

  watch(userId: string): AccountWatch {
    let hasChanged = false;
    let wakeUp: (() => void) | undefined;
    const onChange = (): void => {
      hasChanged = true;
      wakeUp?.();
    };
    const close = this.subscribe(userId, onChange);
    return {
      async next(timeoutMs) {
        if (!hasChanged) {
          await new Promise<void>((resolve) => {
            const timer = setTimeout(resolve, timeoutMs);
            wakeUp = () => {
              clearTimeout(timer);
              resolve();
            };
          });
        }
        hasChanged = false;
        wakeUp = undefined;
      },
      close,
    };
  }

  private missed(): void {
    for (const follower of this.followers) follower.missed();
  }

  private wake(userId: string): void {
    this.watchers.get(userId)?.forEach((onChange) => onChange());
  }

  private add(userId: string, onChange: () => void): void {
    const ofUser = this.watchers.get(userId) ?? new Set();
    this.watchers.set(userId, ofUser.add(onChange));
  }

  private remove(userId: string, onChange: () => void): void {
    const ofUser = this.watchers.get(userId);
    ofUser?.delete(onChange);
    if (ofUser?.size === 0) this.watchers.delete(userId);
  }
}
