import type { ChannelModel, ConsumeMessage } from 'amqplib';
import { setTimeout as delay } from 'node:timers/promises';
import { nextBatch } from './batch.js';
import type { BatchLimits } from './batch.js';
import { ChannelSession } from './channel-session.consumer.js';
import { Comeback } from './comeback.js';
import { toDelivery } from './decode.js';
import type { Delivery, Settlement } from './event.js';
import type { MessagingLog } from './log.js';

export interface QueueConsumerOptions {
  queue: string;
  limits: BatchLimits;
  prefetch: number;
  handle: (deliveries: Delivery[]) => Promise<Settlement[]>;
  isSurroundingsFailure: (error: unknown) => boolean;
  isReady: () => Promise<boolean>;
  log: MessagingLog;
}

/** A message in hand: it can only be settled through the session that it came by. */
interface Held {
  session: ChannelSession;
  message: ConsumeMessage;
  delivery: Delivery;
  arrivedAt: number;
}

const resubscribeAfterMs = 1_000;
/** Before a message that broke its handler goes back to be counted by the broker. */
const failedDelayMs = 1_000;
/** Of the ten seconds that a process has to exit in. */
const drainDeadlineMs = 6_000;

/** One queue, one lane: batches are handled one after the other, in order of arrival. */
export class QueueConsumer {
  private model: ChannelModel | undefined;
  private session: ChannelSession | undefined;
  private waiting: Held[] = [];
  private readonly delayed = new Set<NodeJS.Timeout>();
  private lane: Promise<void> | undefined;
  private lingerTimer: NodeJS.Timeout | undefined;
  private resubscribeTimer: NodeJS.Timeout | undefined;
  private pausedFor: string | undefined;
  private readonly comeback = new Comeback(() => this.isReady());
  private isSubscribing = false;
  private isClosing = false;

  constructor(private readonly options: QueueConsumerOptions) {}

  /** A connection is there: consume on it. Also called after every reconnect. */
  async attach(model: ChannelModel): Promise<void> {
    this.model = model;
    await this.subscribe();
  }

  detach(): void {
    this.model = undefined;
  }

  /** What is wrong, if anything. */
  trouble(): string | undefined {
    const { queue } = this.options;
    if (this.pausedFor !== undefined) return `${queue} is paused: ${this.pausedFor}`;
    return this.session?.isLive === true ? undefined : `${queue} is not being consumed`;
  }

  /** Stops taking, handles what is in hand, settles it, and gives the rest back. */
  async close(): Promise<void> {
    this.isClosing = true;
    this.comeback.close();
    clearTimeout(this.resubscribeTimer);
    await this.session?.stopTaking();
    const deadline = new AbortController();
    await Promise.race([this.drain(), delay(drainDeadlineMs, undefined, { signal: deadline.signal })]);
    deadline.abort();
    this.forgetInHand();
    await this.session?.giveBackAndClose();
  }

  private async drain(): Promise<void> {
    this.pump();
    while (this.lane !== undefined) await this.lane;
  }

  private async subscribe(): Promise<void> {
    const model = this.model;
    if (model === undefined || !this.mayConsume()) return;
    const { queue, prefetch, log } = this.options;
    this.isSubscribing = true;
    try {
      this.session = await ChannelSession.open(model, {
        queue,
        prefetch,
        log,
        onMessage: (session, message) => this.take(session, message),
        onEnded: () => this.resubscribeSoon(),
      });
      log.info({ queue }, 'consuming');
    } catch (error) {
      log.warn({ queue, error: String(error) }, 'cannot consume yet');
      this.resubscribeSoon();
    } finally {
      this.isSubscribing = false;
    }
  }

  private mayConsume(): boolean {
    const isBusy = this.isSubscribing || this.session?.isLive === true;
    return !isBusy && !this.isClosing && this.pausedFor === undefined;
  }

  private resubscribeSoon(): void {
    clearTimeout(this.resubscribeTimer);
    if (this.isClosing) return;
    this.resubscribeTimer = setTimeout(() => void this.subscribe(), resubscribeAfterMs);
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
    this.waiting.push({ session, message, delivery: decoded.delivery, arrivedAt: Date.now() });
    this.pump();
  }

  private pump(): void {
    if (this.lane !== undefined) return;
    this.waiting = this.waiting.filter((held) => held.session.isLive);
    const oldestArrivedAt = this.waiting[0]?.arrivedAt ?? 0;
    const step = nextBatch(
      { count: this.waiting.length, oldestArrivedAt },
      Date.now(),
      this.options.limits,
      this.isClosing,
    );
    clearTimeout(this.lingerTimer);
    if (step.kind === 'wait') this.lingerTimer = setTimeout(() => this.pump(), step.ms);
    if (step.kind === 'take') this.startLane(this.waiting.splice(0, step.count));
  }

  private startLane(batch: Held[]): void {
    this.lane = this.run(batch).finally(() => {
      this.lane = undefined;
      this.pump();
    });
  }

  /** Never rejects. A reconnect in the middle leaves messages that are no longer ours: they come again by themselves. */
  private async run(batch: Held[]): Promise<void> {
    const live = batch.filter((held) => held.session.isLive);
    if (live.length === 0) return;
    try {
      const settlements = await this.options.handle(live.map((held) => held.delivery));
      this.comeback.succeeded();
      live.forEach((held, index) => this.settle(held, settlements[index]));
    } catch (error) {
      await this.failed(live, error);
    }
  }

  private settle(held: Held, settlement: Settlement | undefined): void {
    switch (settlement?.kind) {
      case 'applied':
      case 'duplicate':
      case 'ignored':
      case 'parked':
      case 'retrying':
        return held.session.settle(held.message, 'done');
      case 'retry':
        return this.after(settlement.afterMs, () => this.takeAgain(held));
      case undefined:
        throw new Error('the handler answered for fewer deliveries than it was given');
      default:
        settlement satisfies never;
    }
  }

  private takeAgain(held: Held): void {
    this.waiting.unshift({ ...held, delivery: { ...held.delivery, redelivered: true } });
    this.pump();
  }

  private async failed(batch: Held[], error: unknown): Promise<void> {
    const { queue, log, isSurroundingsFailure } = this.options;
    if (isSurroundingsFailure(error)) return this.pause(error);
    log.error({ queue, err: error, ids: batch.map((held) => held.delivery.attributes.id) }, 'the handler failed');
    const [only] = batch;
    if (only !== undefined && batch.length === 1) {
      return this.after(failedDelayMs, () => only.session.settle(only.message, 'failed'));
    }
    for (const held of batch) await this.run([held]);
  }

  /** Gives everything back once and consumes again when the surroundings are ready: nothing loops, no attempt is used up. */
  private async pause(error: unknown): Promise<void> {
    const { queue, log } = this.options;
    this.pausedFor = error instanceof Error ? error.message : String(error);
    log.warn({ queue, err: error }, 'pausing until the surroundings are back');
    const session = this.session;
    await session?.stopTaking();
    this.forgetInHand();
    await session?.giveBackAndClose();
    void this.resumeWhenReady();
  }

  private async resumeWhenReady(): Promise<void> {
    await this.comeback.wait();
    this.pausedFor = undefined;
    await this.subscribe();
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
