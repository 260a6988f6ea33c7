import { Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { repeat } from '../repeat.js';
import { UnknownCustomers } from './unknown-customers.store.js';

const waiting = new Gauge({
  name: 'billhook_unknown_customer_events',
  help: 'Events parked because nobody has said yet whose customer they are of; in all, not by replica.',
});

/** Beside an hour of patience, and as often as metrics are scraped. */
const everyMs = 15_000;

/** Tells once of each customer whose events wait for more than an hour. */
@Injectable()
export class UnknownCustomerRunner implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly log = new Logger('customers');
  private readonly stopping = new AbortController();
  private loop: Promise<void> = Promise.resolve();

  constructor(private readonly unknown: UnknownCustomers) {}

  onApplicationBootstrap(): void {
    const { signal } = this.stopping;
    const failed = (error: unknown) => this.log.warn({ msg: 'unknown customers are not looked at', err: error });
    this.loop = repeat({ everyMs, signal, work: () => this.look(), failed });
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.loop;
  }

  private async look(): Promise<boolean> {
    waiting.set(await this.unknown.countEvents());
    const found = await this.unknown.alert();
    for (const { customerId, events, oldestAt } of found) {
      this.log.warn({ msg: 'events wait for their customer', code: 'unknown_customer', customerId, events, oldestAt });
    }
    return found.length > 0;
  }
}
