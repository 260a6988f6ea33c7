import { catalogueFor, describeProblem, nothingKnown, priceProblems, pricesToRemember } from '@billhook/billing';
import type { CatalogueSettings, PlanCatalogue, PriceKnowledge, PriceProblem } from '@billhook/billing';
import { Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { showChecked } from './catalogue.metrics.js';
import type { PriceClient } from './price.client.js';
import type { PriceMemory } from './price-memory.store.js';
import { messageOf } from '@billhook/runtime';

export interface LiveCatalogueOptions {
  settings: CatalogueSettings;
  prices: PriceClient;
  memory: PriceMemory;
}

const checkEveryMs = 5 * 60_000;
/** After a failure the pause doubles from the first to the second. */
const firstRetryMs = 2_000;
const longestRetryMs = 60_000;

/**
 * The catalogue as it stands: the settings, as far as Stripe has confirmed them. The process starts and serves without Stripe, on
 * what it remembers; Stripe is asked until it has answered, and every few minutes from then on. What it answers differently is
 * logged once, counted and named in `/health/ready`, and never takes a tier from anybody.
 */
export class LiveCatalogue implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly log = new Logger('catalogue');
  private readonly stopping = new AbortController();
  private knowledge: PriceKnowledge = nothingKnown;
  private catalogue: PlanCatalogue;
  private problems: readonly PriceProblem[] = [];
  private isMemoryLoaded = false;
  private whyUnchecked: string | null = 'Stripe has not been asked yet';
  private readonly listeners: (() => void)[] = [];

  constructor(private readonly options: LiveCatalogueOptions) {
    this.catalogue = catalogueFor(options.settings, nothingKnown);
  }

  /** With what is remembered, if the database is there; otherwise that follows as soon as it is. */
  static async open(options: LiveCatalogueOptions): Promise<LiveCatalogue> {
    const live = new LiveCatalogue(options);
    try {
      await live.loadMemory();
    } catch (error) {
      live.log.warn({ msg: 'the remembered prices follow when the database is there', err: error });
    }
    return live;
  }

  current(): PlanCatalogue {
    return this.catalogue;
  }

  /**
   * Told when the catalogue is not what it was, and each time that it has been compared with Stripe, as it was or not: a process
   * with other settings may have decided by them since.
   */
  onCheck(listener: () => void): void {
    this.listeners.push(listener);
  }

  /**
   * Always up: a price that somebody archives at Stripe must not take every replica away, accounts, portal and all. What does not
   * fit is not sold instead, and stands in the detail.
   */
  readiness(): Promise<{ up: true; detail?: string }> {
    const unchecked = this.whyUnchecked === null ? [] : [`not compared with Stripe: ${this.whyUnchecked}`];
    const lines = [...unchecked, ...this.problems.map(describeProblem)];
    return Promise.resolve(lines.length === 0 ? { up: true } : { up: true, detail: lines.join(' | ') });
  }

  onApplicationBootstrap(): void {
    void this.run();
  }

  beforeApplicationShutdown(): void {
    this.stopping.abort();
  }

  private async run(): Promise<void> {
    let failures = 0;
    while (!this.stopping.signal.aborted) {
      failures = (await this.compare()) ? 0 : failures + 1;
      await this.pause(failures);
    }
  }

  /** Spread, so that the replicas of a deployment do not ask all at once. */
  private async pause(failures: number): Promise<void> {
    const ms = failures === 0 ? checkEveryMs : Math.min(firstRetryMs * 2 ** (failures - 1), longestRetryMs);
    const spread = ms * (0.9 + Math.random() * 0.2);
    const { signal } = this.stopping;
    // Rejects when it is aborted, which ends the pause as well.
    await delay(spread, undefined, { signal, ref: false }).catch(() => undefined);
  }

  /** Asks Stripe now. False when somebody did not answer; the detail of the readiness then says who. */
  async compare(): Promise<boolean> {
    try {
      await this.loadMemory();
      const references = this.options.settings.prices.map(({ reference }) => reference);
      const answers = await this.options.prices.find(references);
      if (this.stopping.signal.aborted) return true;
      await this.take({ ...this.knowledge, answers });
      return true;
    } catch (error) {
      const reason = messageOf(error);
      if (this.whyUnchecked !== reason)
        this.log.warn({ msg: 'the prices could not be compared with Stripe', err: error });
      this.whyUnchecked = reason;
      return false;
    }
  }

  private async loadMemory(): Promise<void> {
    if (this.isMemoryLoaded) return;
    const remembered = await this.options.memory.load();
    this.isMemoryLoaded = true;
    this.know({ ...this.knowledge, remembered });
  }

  private async take(knowledge: PriceKnowledge): Promise<void> {
    const { settings, memory } = this.options;
    const at = new Date();
    const found = priceProblems(settings, knowledge);
    this.tell(found);
    this.problems = found;
    this.whyUnchecked = null;
    showChecked(found, at);
    this.know(knowledge);
    await memory.keep(pricesToRemember(settings, knowledge.answers), at);
    this.know({ ...knowledge, remembered: await memory.load() });
    this.tellListeners();
  }

  /** Each problem once, and once more when it is over. */
  private tell(found: readonly PriceProblem[]): void {
    const known = new Set(this.problems.map(describeProblem));
    const now = new Set(found.map(describeProblem));
    for (const problem of found) {
      if (known.has(describeProblem(problem))) continue;
      this.log.error({ msg: 'a price is not as configured', ...problem });
    }
    for (const { setting, code } of this.problems.filter((problem) => !now.has(describeProblem(problem)))) {
      this.log.log({ msg: 'a price is as configured again', setting, code });
    }
  }

  private know(knowledge: PriceKnowledge): void {
    const before = written(this.catalogue);
    this.knowledge = knowledge;
    this.catalogue = catalogueFor(this.options.settings, knowledge);
    if (written(this.catalogue) !== before) this.tellListeners();
  }

  private tellListeners(): void {
    for (const listener of this.listeners) listener();
  }
}

function written({ meanings, ...plans }: PlanCatalogue): string {
  return JSON.stringify([plans, [...meanings]]);
}
