import type { PlanCatalogue } from '@billhook/billing';
import { LiveCatalogue } from '@billhook/catalogue';
import { Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { PendingFetchConsumer } from '../fetch/pending-fetch.consumer.js';
import { RulesSource } from '../rules.js';
import { showNotUnderstood } from './not-understood.metrics.js';
import { NotUnderstoodSubscriptions } from './not-understood.store.js';
import { PlanChanges } from './plan-changes.store.js';

/** After the database did not answer. */
const retryMs = 5_000;

/**
 * Has what is stored follow the catalogue: at the start, since settings change between two, and after each comparison with Stripe,
 * since during a roll-out a replica of the settings before goes on deciding by those.
 */
@Injectable()
export class PlanFollower implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly log = new Logger('catalogue');
  private readonly stopping = new AbortController();
  private isBehind = false;
  private following: Promise<void> = Promise.resolve();

  constructor(
    private readonly live: LiveCatalogue,
    private readonly changes: PlanChanges,
    private readonly rules: RulesSource,
    private readonly fetches: PendingFetchConsumer,
    private readonly notUnderstood: NotUnderstoodSubscriptions,
  ) {}

  onApplicationBootstrap(): void {
    this.live.onCheck(() => this.fallBehind());
    this.fallBehind();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.following;
  }

  private fallBehind(): void {
    if (this.isBehind) return;
    this.isBehind = true;
    this.following = this.following.then(() => this.catchUp());
  }

  private async catchUp(): Promise<void> {
    while (this.isBehind && !this.stopping.signal.aborted) {
      // Before the work: a change that comes meanwhile is followed by another round.
      this.isBehind = false;
      try {
        await this.follow();
      } catch (error) {
        this.log.warn({ msg: 'the plans could not be followed, trying again', err: error });
        await delay(retryMs, undefined, { signal: this.stopping.signal }).catch(() => undefined);
        this.isBehind = true;
      }
    }
  }

  private async follow(): Promise<void> {
    const rules = this.rules.now();
    const asked = await this.changes.askAgain(rules.catalogue);
    const reconsidered = await this.changes.reconsider(rules);
    if (asked > 0) this.fetches.wake();
    if (asked + reconsidered > 0) this.log.log({ msg: 'following the catalogue', asked, reconsidered });
    await this.alert(rules.catalogue);
  }

  /** At every comparison again: it lasts until somebody has looked. */
  private async alert(catalogue: PlanCatalogue): Promise<void> {
    const groups = await this.notUnderstood.find(catalogue);
    showNotUnderstood(groups);
    for (const { code, count, ...what } of groups) {
      this.log.warn({
        msg: 'subscriptions are not understood and keep what they had',
        code,
        subscriptions: count,
        ...what,
      });
    }
  }
}
