import { Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { RulesSource } from '../rules.js';
import { FetchApplier } from './apply-fetch.store.js';
import { PendingFetchStore } from './pending-fetch.store.js';
import type { LeasedFetch } from './pending-fetch.store.js';
import { SubscriptionClient } from './subscription.client.js';

/** A batch that asks for a fetch wakes us; this is for the fetches of other replicas and for those that were postponed. */
const pollMs = 1_000;
/**
 * Stripe may take ten seconds to answer, which is all the time that a process has to end. Its client cannot be interrupted, so
 * the question is left to whoever asks next.
 */
const stopAfterMs = 3_000;

/** Asks Stripe about the subscriptions whose events cannot be put in order, one at a time, with no transaction open. */
@Injectable()
export class PendingFetchConsumer implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly log = new Logger('fetch');
  private loop: Promise<void> = Promise.resolve();
  /** What Stripe is being asked right now. */
  private asked: LeasedFetch | undefined;
  private isStopping = false;
  private isWoken = false;
  private stopWaiting: () => void = () => undefined;

  constructor(
    private readonly pending: PendingFetchStore,
    private readonly stripe: SubscriptionClient,
    private readonly applier: FetchApplier,
    private readonly rules: RulesSource,
  ) {}

  onApplicationBootstrap(): void {
    this.loop = this.run();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.isStopping = true;
    this.stopWaiting();
    const ended = new AbortController();
    const late = delay(stopAfterMs, undefined, { signal: ended.signal }).then(
      () => this.leaveToOthers(),
      () => undefined,
    );
    await Promise.race([this.loop, late]);
    ended.abort();
  }

  wake(): void {
    this.isWoken = true;
    this.stopWaiting();
  }

  private async run(): Promise<void> {
    while (!this.isStopping) {
      this.isWoken = false;
      const hasWorked = await this.fetchNext();
      if (!hasWorked && !this.isWoken && !this.isStopping) await this.wait();
    }
  }

  private wait(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, pollMs);
      this.stopWaiting = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Before the lease would end by itself. */
  private async leaveToOthers(): Promise<void> {
    if (this.asked === undefined) return;
    try {
      await this.pending.postpone(this.asked, 'its process was stopped');
    } catch (error) {
      this.log.warn({ msg: 'the lease ends by itself', err: error });
    }
  }

  private async fetchNext(): Promise<boolean> {
    try {
      const fetch = await this.pending.lease();
      if (fetch !== null) await this.fetch(fetch);
      return fetch !== null;
    } catch (error) {
      this.log.error({ msg: 'fetching failed', err: error });
      return false;
    }
  }

  private async fetch(fetch: LeasedFetch): Promise<void> {
    const { subscriptionId, causeId } = fetch;
    try {
      this.asked = fetch;
      const answer = await this.stripe.fetch(subscriptionId);
      const outcome = await this.applier.apply(fetch, answer, this.rules.now());
      if (outcome.kind === 'unreadable') await this.pending.postpone(fetch, `unreadable: ${outcome.path}`);
      this.log.log({ msg: 'fetched', subscriptionId, causeId, outcome: outcome.kind });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.log.warn({ msg: 'not fetched, trying again later', subscriptionId, causeId, err: error });
      await this.pending.postpone(fetch, reason);
    } finally {
      this.asked = undefined;
    }
  }
}
