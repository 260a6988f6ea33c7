import type { ChannelModel } from 'amqplib';
import { PassiveCheck } from './passive-check.relay.js';
import type { QueueState } from './passive-check.relay.js';

/** A consumer that can be held against what the broker says of its queue. */
export interface Watched {
  verify(look: (queue: string) => Promise<QueueState | undefined>): Promise<void>;
}

/** A consumer that was lost unsaid is back within five seconds: two intervals at most, and the time to begin again. */
const intervalMs = 2_000;

/** Asks the broker again and again whether the consumers of this connection still are what they believe to be. */
export class ConsumerWatch {
  private check: PassiveCheck | undefined;
  private timer: NodeJS.Timeout | undefined;

  /** Until it is stopped or started on another connection. */
  start(model: ChannelModel, consumers: readonly Watched[]): void {
    this.stop();
    this.check = new PassiveCheck(model);
    this.schedule(this.check, consumers);
  }

  stop(): void {
    clearTimeout(this.timer);
    this.check?.close();
    this.check = undefined;
  }

  /** Undefined while there is no connection, and for a queue that does not exist. Rejects as `PassiveCheck.look` does. */
  look(queue: string): Promise<QueueState | undefined> {
    return this.check === undefined ? Promise.resolve(undefined) : this.check.look(queue);
  }

  private schedule(check: PassiveCheck, consumers: readonly Watched[]): void {
    if (this.check !== check) return;
    this.timer = setTimeout(() => void this.verify(check, consumers), intervalMs).unref();
  }

  private async verify(check: PassiveCheck, consumers: readonly Watched[]): Promise<void> {
    for (const consumer of consumers) await consumer.verify((queue) => check.look(queue));
    this.schedule(check, consumers);
  }
}
