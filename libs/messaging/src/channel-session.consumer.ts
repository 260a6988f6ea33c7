import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import type { MessagingLog } from './log.js';

export interface SessionOptions {
  queue: string;
  prefetch: number;
  onMessage: (session: ChannelSession, message: ConsumeMessage) => void;
  /** The broker ended it: channel error, lost connection, or the consumer cancelled (its queue was deleted). */
  onEnded: (session: ChannelSession) => void;
  log: MessagingLog;
}

/** What the broker is told about one message. */
export type Verdict =
  /** Done with: forget it. */
  | 'done'
  /** Never deliverable: to the dead-letter queue. */
  | 'dead'
  /** Our surroundings failed: give it back. RabbitMQ 4.3 and newer do not count this. */
  | 'return'
  /** It failed: give it back and count it towards the delivery limit, which `reject` does on every version. */
  | 'failed';

const cancelTimeoutMs = 1_000;

/**
 * One channel's life as a consumer, and the only place that settles messages. Delivery tags begin again at 1 on every
 * channel: a tag from before a reconnect would settle a stranger, so a message can only be settled through its own session.
 */
export class ChannelSession {
  private isOpen = true;
  private consumerTag = '';

  private constructor(
    private readonly channel: Channel,
    private readonly options: SessionOptions,
  ) {}

  static async open(model: ChannelModel, options: SessionOptions): Promise<ChannelSession> {
    const { log, queue } = options;
    const channel = await model.createChannel();
    const session = new ChannelSession(channel, options);
    channel.on('error', (error: Error) => log.warn({ queue, error: error.message }, 'the consuming channel failed'));
    channel.on('close', () => session.end());
    // The broker may deliver once more after it has confirmed a cancel. Unheard, amqplib's complaint about that would close
    // the channel and undo whatever is in hand; the message itself goes back when the session ends.
    channel.on('handler-error', (error: Error) =>
      log.info({ queue, error: error.message }, 'a delivery was not taken'),
    );
    await channel.prefetch(options.prefetch);
    await session.consume();
    return session;
  }

  get isLive(): boolean {
    return this.isOpen;
  }

  settle(message: ConsumeMessage, verdict: Verdict): void {
    if (!this.isOpen) return;
    switch (verdict) {
      case 'done':
        return this.channel.ack(message);
      case 'dead':
        return this.channel.reject(message, false);
      case 'return':
        return this.channel.nack(message, false, true);
      case 'failed':
        return this.channel.reject(message, true);
      default:
        verdict satisfies never;
    }
  }

  /** No new messages after this. A broker that does not answer is not waited for. */
  async stopTaking(): Promise<void> {
    if (!this.isOpen) return;
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, cancelTimeoutMs);
    await Promise.race([
      this.channel.cancel(this.consumerTag).catch((error: unknown) => this.noteClosing(error)),
      late,
    ]);
    clearTimeout(timer);
  }

  /** Gives back whatever is unsettled, once, and closes. */
  async giveBackAndClose(): Promise<void> {
    if (!this.isOpen) return;
    this.channel.nackAll(true);
    this.isOpen = false;
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, cancelTimeoutMs);
    await Promise.race([this.channel.close().catch((error: unknown) => this.noteClosing(error)), late]);
    clearTimeout(timer);
  }

  private async consume(): Promise<void> {
    const { queue, onMessage } = this.options;
    const { consumerTag } = await this.channel.consume(queue, (message) => {
      // The broker cancelled us: the queue was deleted, or (RabbitMQ 4.3) a delivery stayed unsettled for too long.
      if (message === null) this.cancelled();
      else if (this.isOpen) onMessage(this, message);
    });
    this.consumerTag = consumerTag;
  }

  private cancelled(): void {
    this.options.log.error({ queue: this.options.queue }, 'the broker cancelled the consumer');
    // A channel refuses, by throwing, to settle anything once its closing has begun.
    this.isOpen = false;
    this.channel.close().catch((error: unknown) => this.noteClosing(error));
  }

  private end(): void {
    this.isOpen = false;
    this.options.onEnded(this);
  }

  private noteClosing(error: unknown): void {
    this.options.log.info({ queue: this.options.queue, error: String(error) }, 'the channel was closed already');
  }
}
