import type { EventData } from '@billhook/contracts';
import { EventPublisher } from '@billhook/messaging';
import { Injectable, Logger } from '@nestjs/common';
import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { RejectionTally } from './rejection-tally.js';
import type { RejectionCount } from './rejection-tally.js';

const type = 'ingress.delivery.rejected';
const tickMs = 1_000;

/**
 * Reports deliveries that were turned away or ignored, after the answer. Owns the publisher's life as well: what was counted
 * must leave before the connection goes.
 */
@Injectable()
export class Rejections implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly log = new Logger('rejections');
  private readonly tally = new RejectionTally(performance.now());
  private timer: NodeJS.Timeout | undefined;
  private reporting: Promise<void> = Promise.resolve();

  constructor(private readonly publisher: EventPublisher) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.publisher.start();
    this.timer = setInterval(() => this.reportDue(), tickMs).unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.reporting;
    await this.report(this.tally.takeAll());
    await this.publisher.stop();
  }

  count(code: string, remoteAddress: string): void {
    this.tally.add({ code, remoteAddress, count: 1 });
    this.reportDue();
  }

  /** One report after the other, so that the shutdown has one thing to wait for. */
  private reportDue(): void {
    const due = this.tally.takeDue(performance.now());
    if (due.length > 0) this.reporting = this.reporting.then(() => this.report(due));
  }

  /** Never rejects: what cannot be published now waits for the next tick. */
  private async report(counts: readonly RejectionCount[]): Promise<void> {
    const results = await Promise.allSettled(counts.map((each) => this.publish(each)));
    results.forEach((result, index) => {
      const each = counts[index];
      if (result.status === 'fulfilled' || each === undefined) return;
      this.tally.add(each);
      this.log.warn({ msg: 'not reported yet', code: each.code, count: each.count, error: String(result.reason) });
    });
  }

  private publish({ code, count, remoteAddress }: RejectionCount): Promise<void> {
    const data: EventData<typeof type> = { code, count, remote_address: remoteAddress };
    return this.publisher.publish({
      attributes: {
        id: randomUUID(),
        source: 'webhook-ingress',
        type,
        subject: code,
        time: new Date().toISOString(),
        actor: 'service:webhook-ingress',
        remoteaddress: remoteAddress,
        dataversion: 1,
      },
      body: Buffer.from(JSON.stringify(data)),
    });
  }
}
