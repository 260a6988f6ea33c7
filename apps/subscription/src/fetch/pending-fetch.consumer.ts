import { Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { isTerminal } from '@billhook/billing';
import { setTimeout as delay } from 'node:timers/promises';
import { Runs } from '../reconcile/run.store.js';
import { RulesSource } from '../rules.js';
import { FetchApplier } from './apply-fetch.store.js';
import { PendingFetchStore, unknownAtStripe } from './pending-fetch.store.js';
import type { LeasedFetch } from './pending-fetch.store.js';
import { PullClient } from './pull.client.js';
import { PullStore } from './pull.store.js';
import type { LeasedPull } from './pull.store.js';
import { SubscriptionClient } from './subscription.client.js';
import { messageOf } from '@billhook/runtime';

/** A batch that asks for a fetch wakes us; this is for the fetches of other replicas and for those that were postponed. */
const pollMs = 1_000;
/** So that one slow answer holds up nobody else's; the gate before Stripe says how many a second. */
const mostAtOnce = 8;
/** For about two minutes: what links a customer to its user may be on its way, and nothing holds it up for longer. */
const looksForCustomers = 7;
/** The rest is kept for whoever waits, however slow the answers are that nobody waits for. */
const mostInBackground = 6;
/**
 * Stripe may take ten seconds to answer, which is all the time that a process has to end. Its client cannot be interrupted, so
 * the question is left to whoever asks next.
 */
const stopAfterMs = 3_000;

/** Something to ask Stripe, leased by this process. */
interface Question {
  about: object;
  isBackground: boolean;
  /** What came of it, for the log. */
  ask: () => Promise<string>;
  postpone: (reason: string) => Promise<void>;
}

/**
 * Asks Stripe about the subscriptions whose events cannot be put in order, and whatever somebody wants to be pulled: a few at a
 * time, with no transaction open.
 */
@Injectable()
export class PendingFetchConsumer implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly log = new Logger('fetch');
  private loop: Promise<void> = Promise.resolve();
  /** What Stripe is being asked right now, and what comes of it; never rejects. */
  private readonly asked = new Map<Question, Promise<void>>();
  private isStopping = false;
  private isWoken = false;
  private stopWaiting: () => void = () => undefined;

  constructor(
    private readonly pending: PendingFetchStore,
    private readonly pulls: PullStore,
    private readonly links: PullClient,
    private readonly stripe: SubscriptionClient,
    private readonly applier: FetchApplier,
    private readonly rules: RulesSource,
    private readonly runs: Runs,
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
      const question = this.asked.size < mostAtOnce ? await this.next() : null;
      if (question !== null) this.begin(question);
      else if (!this.isWoken && !this.isStopping) await this.wait();
    }
    await Promise.all(this.asked.values());
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

  /** Before the leases would end by themselves. */
  private async leaveToOthers(): Promise<void> {
    for (const question of this.asked.keys()) await this.postpone(question, 'its process was stopped');
  }

  /** Pulls first: each is one request, and somebody may be looking at a page. */
  private async next(): Promise<Question | null> {
    try {
      const pull = await this.pulls.lease();
      if (pull !== null) return this.toPull(pull);
      const fetch = await this.pending.lease({ background: this.inBackground() < mostInBackground });
      return fetch && this.toFetch(fetch);
    } catch (error) {
      this.log.error({ msg: 'fetching failed', err: error });
      return null;
    }
  }

  private inBackground(): number {
    return [...this.asked.keys()].filter(({ isBackground }) => isBackground).length;
  }

  private toPull(pull: LeasedPull): Question {
    const { kind, id, causeId } = pull;
    const postpone = (reason: string) => this.pulls.postpone(pull, reason);
    return { about: { [kind]: id, causeId }, isBackground: false, ask: () => this.pull(pull), postpone };
  }

  private toFetch(fetch: LeasedFetch): Question {
    const { subscriptionId, causeId, isBackground } = fetch;
    const postpone = (reason: string) => this.pending.postpone(fetch, reason);
    return { about: { subscriptionId, causeId }, isBackground, ask: () => this.ask(fetch), postpone };
  }

  private begin(question: Question): void {
    const ended = this.answer(question).finally(() => {
      this.asked.delete(question);
      this.wake();
    });
    this.asked.set(question, ended);
  }

  private async answer(question: Question): Promise<void> {
    const { about } = question;
    try {
      const outcome = await question.ask();
      this.log.log({ msg: 'fetched', ...about, outcome });
    } catch (error) {
      const reason = messageOf(error);
      this.log.warn({ msg: 'not fetched, trying again later', ...about, err: error });
      await this.postpone(question, reason);
    }
  }

  private async pull(pull: LeasedPull): Promise<string> {
    if (pull.kind === 'everything') return this.sweep(pull);
    return pull.kind === 'session' ? this.pullSession(pull) : this.pullUser(pull);
  }

  private async pullSession(pull: LeasedPull): Promise<string> {
    return this.askFor(pull, await this.links.subscriptionOfSession(pull.id));
  }

  /**
   * The gateway announces a customer and asks for its user's subscriptions in one breath. The two may be in different batches, and
   * the question's may be committed first.
   */
  private async pullUser(pull: LeasedPull): Promise<string> {
    const customers = await this.pulls.customersOf(pull.id);
    if (customers.length === 0 && pull.attempts < looksForCustomers) {
      await this.pulls.postpone(pull, 'no customer of this user is known');
      return 'waits for a customer';
    }
    const found = await Promise.all(customers.map((customer) => this.links.subscriptionsOfCustomer(customer)));
    return this.askFor(pull, [...new Set(found.flat())]);
  }

  private async askFor(pull: LeasedPull, subscriptionIds: readonly string[]): Promise<string> {
    await this.pulls.finish(pull, subscriptionIds);
    return `pulls ${subscriptionIds.length}`;
  }

  /** Asked for twice, because the process died in between, it is the same sweep. */
  private async sweep(pull: LeasedPull): Promise<string> {
    await this.runs.request({ kind: 'sweep', dryRun: false, requestedBy: 'stripe', note: pull.causeId });
    await this.pulls.finish(pull, []);
    return 'sweep';
  }

  private async ask(fetch: LeasedFetch): Promise<string> {
    const answer = await this.stripe.fetch(fetch);
    if (answer === null) return this.endUnknown(fetch);
    const outcome = await this.applier.apply(fetch, answer, this.rules.now());
    if (outcome.kind === 'unreadable') await this.pending.postpone(fetch, `unreadable: ${outcome.path}`, 'unreadable');
    return outcome.kind;
  }

  /**
   * Stripe knows no such subscription. Nobody here does either, or it has ended: the question is answered. We hold it: that is a
   * contradiction for people to look at (a key of another account, most often), and the question stays, asked ever more rarely.
   */
  private async endUnknown(fetch: LeasedFetch): Promise<string> {
    if (fetch.seenStatus === null || isTerminal(fetch.seenStatus)) await this.pending.drop(fetch);
    else await this.pending.postpone(fetch, unknownAtStripe, 'unknownAtStripe');
    return unknownAtStripe;
  }

  private async postpone(question: Question, reason: string): Promise<void> {
    try {
      await question.postpone(reason);
    } catch (error) {
      this.log.warn({ msg: 'the lease ends by itself', err: error });
    }
  }
}
