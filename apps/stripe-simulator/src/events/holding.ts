import { chance } from '../chaos/chance.js';
import type { DeliveryPlan } from '../chaos/delivery-plan.js';
import type { Clock } from '../world/clock.js';

export interface Held {
  plan: DeliveryPlan;
}

interface Shuffle {
  seed: number;
  events: number;
  ms: number;
}

interface HoldingInput<T> {
  clock: Clock;
  shuffle: () => Shuffle | null;
  /** Called at once, or as soon as the item has been held back long enough. */
  release: (item: T) => void;
  onShuffled: (movedCount: number) => void;
}

/** Holds back what a plan wants delayed, then what it wants shuffled; everything else passes straight through. */
export class Holding<T extends Held> {
  private readonly timers = new Map<NodeJS.Timeout, T>();
  private untilClock: { at: number; item: T }[] = [];
  private hand: T[] = [];
  private dealing: NodeJS.Timeout | undefined;

  constructor(private readonly input: HoldingInput<T>) {
    input.clock.onMove(() => this.releaseDue());
  }

  /** How many wait for the account's clock: no real time will ever release them. */
  get waitingForClock(): number {
    return this.untilClock.length;
  }

  take(item: T): void {
    const { holdingTime } = item.plan;
    switch (holdingTime?.kind) {
      case undefined:
        return this.mix(item);
      case 'real': {
        const timer = setTimeout(() => {
          this.timers.delete(timer);
          this.mix(item);
        }, holdingTime.ms);
        this.timers.set(timer, item);
        return;
      }
      case 'virtual':
        this.untilClock.push({ at: this.input.clock.now() + holdingTime.seconds, item });
        return;
      default:
        return holdingTime satisfies never;
    }
  }

  releaseAll(): void {
    const delayed = [...this.timers.values(), ...this.untilClock.map(({ item }) => item)];
    this.clearDelays();
    this.deal(this.input.shuffle());
    for (const item of delayed) this.input.release(item);
  }

  clear(): void {
    this.clearDelays();
    clearTimeout(this.dealing);
    this.dealing = undefined;
    this.hand = [];
  }

  /** Collects up to so many, for at most so long, and deals them out in an order of the seed's choice. */
  private mix(item: T): void {
    const shuffle = item.plan.isShuffled ? this.input.shuffle() : null;
    if (shuffle === null) return this.input.release(item);
    this.hand.push(item);
    if (this.hand.length >= shuffle.events) this.deal(shuffle);
    else this.dealing ??= setTimeout(() => this.deal(shuffle), shuffle.ms);
  }

  private deal(shuffle: Shuffle | null): void {
    clearTimeout(this.dealing);
    this.dealing = undefined;
    const before = this.hand;
    this.hand = [];
    const after = shuffle === null ? before : inOrderOf(shuffle.seed, before);
    this.input.onShuffled(after.filter((item, index) => item !== before[index]).length);
    for (const item of after) this.input.release(item);
  }

  private releaseDue(): void {
    const now = this.input.clock.now();
    const due = this.untilClock.filter(({ at }) => at <= now).sort((a, b) => a.at - b.at);
    if (due.length === 0) return;
    this.untilClock = this.untilClock.filter(({ at }) => at > now);
    for (const { item } of due) this.mix(item);
  }

  private clearDelays(): void {
    for (const timer of this.timers.keys()) clearTimeout(timer);
    this.timers.clear();
    this.untilClock = [];
  }
}

const inOrderOf = <T extends Held>(seed: number, items: readonly T[]): T[] =>
  items
    .map((item) => ({ item, rank: chance(seed, 'order', item.plan.key) }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ item }) => item);
