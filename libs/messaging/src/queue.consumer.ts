import type { ChannelModel, ConsumeMessage } from 'amqplib';
import { nextBatch } from './batch.js';
import type { BatchLimits } from './batch.js';
import type { ChannelSession } from './channel-session.consumer.js';
import { Comeback } from './comeback.js';
import { Consumption } from './consumption.consumer.js';
import { toDelivery } from './decode.js';
import type { Delivery } from './event.js';
import type { MessagingLog } from './log.js';
import type { QueueState } from './passive-check.relay.js';
import { waitAtMost } from './wait-at-most.js';
import { messageOf } from '@billhook/runtime';

export interface QueueConsumerOptions {
  queue: string;
  limits: BatchLimits;
  prefetch: number;
  /** Batches at work at once. With more than one, whoever handles them keeps their order where it matters: a Turnstile does. */
  lanes: number;
  /** A batch that takes longer has met something that hangs: an operator should know, although it may yet end. */
  longBatchMs: number;
  /** Once it has resolved, all of them are done with and can be acknowledged. */
  handle: (deliveries: Delivery[]) => Promise<unknown>;
  isSurroundingsFailure: (error: unknown) => boolean;
  isReady: () => Promise<boolean>;
  log: MessagingLog;
}

/** A message in hand: it can only be settled through the session that it came by. */
interface Held {
  session: ChannelSession;
  message: ConsumeMessage;
  delivery: Delivery;
  /** By the monotonic clock, as all times here: a batch must not wait for ten minutes because the machine's was set back. */
  arrivedAt: number;
}

/**
 * Before a message that broke its handler goes back to be counted by the broker, doubled each time. A service that runs before
 * its migration breaks at every message: within the fifty deliveries that the broker allows there must be time to notice.
 */
const firstFailedDelayMs = 1_000;
const longestFailedDelayMs = 5 * 60_000;
/** Of the ten seconds that a process has to exit in; a database that answers at all answers sooner. */
const drainDeadlineMs = 4_000;

/** A batch at work. */
interface Lane {
  beganAt: number;
  ended: Promise<void>;
  /** Why its batch is kept in hand and tried again, if it is. */
  waitsFor?: string;
}

/**
 * One queue. Batches start in order of arrival, as many at once as there are lanes: while one waits for the database, this
 * process computes another.
 */
export class QueueConsumer {
  private readonly consumption: Consumption;
  private waiting: Held[] = [];
  private readonly delayed = new Set<NodeJS.Timeout>();
  private readonly lanes = new Set<Lane>();
  private lingerTimer: NodeJS.Timeout | undefined;
  private pausedFor: string | undefined;
  private readonly comeback = new Comeback(() => this.isReady());
  private isClosing = false;

  constructor(private readonly options: QueueConsumerOptions) {
    const { queue, prefetch, log } = options;
    this.consumption = new Consumption({
      queue,
      prefetch,
      log,
      onMessage: (session, message) => this.take(session, message),
      mayConsume: () => !this.isClosing && this.pausedFor === undefined,
    });
  }

  get queue(): string {
    return this.options.queue;
  }

  /**
   * A connection is there: consume on it, once the surroundings are ready. Also called after every reconnect. Without the wait
   * a service that starts before its database would take messages only to give them back.
   */
  async attach(model: ChannelModel): Promise<void> {
    this.consumption.attach(model);
    if (this.pausedFor !== undefined || this.isClosing) return;
    if (await this.isReady()) return this.consumption.begin();
    if (this.pausedFor !== undefined) return;
    this.pausedFor = 'it waits for what it needs';
    void this.resumeWhenReady();
  }

  detach(): void {
    this.consumption.detach();
  }

  /** What is wrong, if anything. */
  trouble(): string | undefined {
    const { queue, longBatchMs } = this.options;
    if (this.pausedFor !== undefined) return `${queue} is paused: ${this.pausedFor}`;
    const reason = this.waitsInHandFor();
    if (reason !== undefined) return `${queue} waits with what it has in hand: ${reason}`;
    const longestMs = Math.max(0, ...[...this.lanes].map(({ beganAt }) => performance.now() - beganAt));
    if (longestMs <= longBatchMs) return this.consumption.trouble();
    return `${queue} has been at one batch for ${Math.round(longestMs / 1000)} s`;
  }

  /** Consumes, and has nothing in hand: of what was delivered here, everything is settled. */
  isIdle(): boolean {
    return this.trouble() === undefined && this.waiting.length + this.lanes.size + this.delayed.size === 0;
  }

  verify(look: (queue: string) => Promise<QueueState | undefined>): Promise<void> {
    return this.consumption.verify(look);
  }

  /** Stops taking, handles what is in hand, settles it, and gives the rest back. */
  async close(): Promise<void> {
    this.isClosing = true;
    this.comeback.close();
    await waitAtMost(drainDeadlineMs, this.drain());
    this.forgetInHand();
    await this.consumption.giveBackAndClose();
  }

  private async drain(): Promise<void> {
    await this.consumption.stopTaking();
    this.pump();
    while (this.lanes.size > 0) await Promise.race([...this.lanes].map(({ ended }) => ended));
  }

  private take(session: ChannelSession, message: ConsumeMessage): void {
    const decoded = toDelivery(message);
    if (!decoded.ok) {
      const { queue, log } = this.options;
      log.error(
        { queue, messageId: String(message.properties.messageId), reason: decoded.reason },
        'not an event: dead',
      );
      return session.settle(message, 'dead');
    }
    this.waiting.push({ session, message, delivery: decoded.delivery, arrivedAt: performance.now() });
    this.pump();
  }

  private pump(): void {
    clearTimeout(this.lingerTimer);
    if (!this.mayBegin()) return;
    this.waiting = this.waiting.filter((held) => held.session.isLive);
    const oldestArrivedAt = this.waiting[0]?.arrivedAt ?? 0;
    const step = nextBatch(
      {
        count: this.waiting.length,
        isBusy: this.lanes.size > 0,
        sizeOf: (index) => this.waiting[index]?.delivery.body.length ?? 0,
        oldestArrivedAt,
      },
      performance.now(),
      this.options.limits,
      this.isClosing,
    );
    if (step.kind === 'wait') this.lingerTimer = setTimeout(() => this.pump(), step.ms);
    if (step.kind !== 'take') return;
    this.startLane(this.waiting.splice(0, step.count));
    this.pump();
  }

  /** Nothing new while what came before is being given back or kept: it would overtake. */
  private mayBegin(): boolean {
    // Under load this is asked for every message, and the answer is that all lanes are at work.
    if (this.lanes.size >= this.options.lanes) return false;
    return this.pausedFor === undefined && this.waitsInHandFor() === undefined;
  }

  private startLane(batch: Held[]): void {
    const lane: Lane = { beganAt: performance.now(), ended: Promise.resolve() };
    this.lanes.add(lane);
    lane.ended = this.run(batch, lane).finally(() => {
      this.lanes.delete(lane);
      this.pump();
    });
  }

  /** Never rejects. A reconnect in the middle leaves messages that are no longer ours: they come again by themselves. */
  private async run(batch: Held[], lane: Lane): Promise<void> {
    const live = batch.filter((held) => held.session.isLive);
    if (live.length === 0) return;
    try {
      await this.options.handle(live.map((held) => held.delivery));
      this.comeback.succeeded();
      delete lane.waitsFor;
      this.acknowledge(live);
    } catch (error) {
      await this.failed(live, error, lane);
    }
  }

  private acknowledge(done: readonly Held[]): void {
    for (const session of new Set(done.map((held) => held.session))) {
      session.acknowledge(done.filter((held) => held.session === session).map((held) => held.message));
    }
  }

  private async failed(batch: Held[], error: unknown, lane: Lane): Promise<void> {
    const { queue, log, isSurroundingsFailure } = this.options;
    if (isSurroundingsFailure(error)) {
      return this.comeback.isInVain ? this.waitInHand(batch, error, lane) : this.pause(error);
    }
    log.error({ queue, err: error, ids: batch.map((held) => held.delivery.attributes.id) }, 'the handler failed');
    const [only] = batch;
    if (only !== undefined && batch.length === 1) {
      return this.after(failedDelayMs(only.message), () => only.session.settle(only.message, 'failed'));
    }
    for (const held of batch) await this.run([held], lane);
  }

  /**
   * Gives everything back and consumes again when the surroundings are ready: nothing loops, no attempt is used up, and another
   * replica may have better luck.
   */
  private async pause(error: unknown): Promise<void> {
    const { queue, log } = this.options;
    // Another lane met the same trouble first and is giving everything back.
    if (this.pausedFor !== undefined) return;
    this.pausedFor = messageOf(error);
    log.warn({ queue, err: error }, 'pausing until the surroundings are back');
    await this.consumption.stopTaking();
    this.forgetInHand();
    await this.consumption.giveBackAndClose();
    void this.resumeWhenReady();
  }

  /**
   * What was given back a few times in vain is kept: ever again, it would come to the broker's delivery limit and so to the
   * dead-letter queue. The oldest batch finds out first, so that none overtakes another. A consumer whose deliveries stay
   * unsettled for half an hour is ended by the broker, which is the one return that still counts.
   */
  private async waitInHand(batch: Held[], error: unknown, lane: Lane): Promise<void> {
    const { queue, log } = this.options;
    lane.waitsFor = messageOf(error);
    log.warn({ queue, err: error }, 'still failing, trying again with what is in hand');
    for (const older of this.lanes) {
      if (older === lane) break;
      await older.ended;
    }
    await this.comeback.wait();
    if (!this.isClosing) await this.run(batch, lane);
  }

  private waitsInHandFor(): string | undefined {
    return [...this.lanes].find(({ waitsFor }) => waitsFor !== undefined)?.waitsFor;
  }

  private async resumeWhenReady(): Promise<void> {
    await this.comeback.wait();
    this.pausedFor = undefined;
    await this.consumption.begin();
  }

  private async isReady(): Promise<boolean> {
    try {
      return await this.options.isReady();
    } catch (error) {
      this.options.log.info({ queue: this.options.queue, error: String(error) }, 'not ready yet');
      return false;
    }
  }

  private after(ms: number, action: () => void): void {
    const timer = setTimeout(() => {
      this.delayed.delete(timer);
      action();
    }, ms);
    this.delayed.add(timer);
  }

  private forgetInHand(): void {
    clearTimeout(this.lingerTimer);
    for (const timer of this.delayed) clearTimeout(timer);
    this.delayed.clear();
    this.waiting = [];
  }
}

/** A quorum queue counts in this header how often it was given back. */
function failedDelayMs({ properties }: ConsumeMessage): number {
  const count: unknown = properties.headers?.['x-delivery-count'];
  return Math.min(firstFailedDelayMs * 2 ** (typeof count === 'number' ? count : 0), longestFailedDelayMs);
}
