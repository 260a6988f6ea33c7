import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import { acknowledgements } from './acknowledgements.js';
import type { MessagingLog } from './log.js';

export interface SessionOptions {
  queue: string;
  prefetch: number;
  onMessage: (session: ChannelSession, message: ConsumeMessage) => void;
  /** The broker ended it: channel error, lost connection, or the consumer cancelled (its queue was deleted). */
  onEnded: (session: ChannelSession) => void;
  log: MessagingLog;
}

/** What the broker is told about one message that is not done with. */
export type Verdict =
  /** Never deliverable: to the dead-letter queue. */
  | 'dead'
  /** It failed: give it back and count it towards the delivery limit, which `reject` does on every version. */
  | 'failed';

const answerTimeoutMs = 1_000;

/**
 * One channel's life as a consumer, and the only place that settles messages. Delivery tags begin again at 1 on every
 * channel: a tag from before a reconnect would settle a stranger, so a message can only be settled through its own session.
 */
export class ChannelSession {
  private isOpen = true;
  private consumerTag = '';
  /** By delivery tag, in order of arrival. */
  private readonly unsettled = new Map<number, ConsumeMessage>();
  private busyAt = performance.now();
  private isRetiring = false;
  /** The broker has left a question unanswered: one such wait is enough. */
  private isDeaf = false;

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

  /** How long it has had nothing to do. */
  get idleMs(): number {
    return this.unsettled.size > 0 ? 0 : performance.now() - this.busyAt;
  }

  /** They are done with: one frame for a batch, unless something below it is still unsettled. */
  acknowledge(messages: readonly ConsumeMessage[]): void {
    if (!this.isOpen) return;
    const tags = messages.map((message) => message.fields.deliveryTag).filter((tag) => this.unsettled.has(tag));
    const byTag = new Map(messages.map((message) => [message.fields.deliveryTag, message]));
    for (const tag of tags) this.unsettled.delete(tag);
    const [lowestLeft] = this.unsettled.keys();
    const { upTo, singly } = acknowledgements(tags, lowestLeft);
    for (const tag of upTo === undefined ? singly : [upTo, ...singly]) {
      const message = byTag.get(tag);
      if (message !== undefined) this.channel.ack(message, tag === upTo);
    }
    this.settled();
  }

  settle(message: ConsumeMessage, verdict: Verdict): void {
    if (!this.isOpen || !this.unsettled.delete(message.fields.deliveryTag)) return;
    this.channel.reject(message, verdict === 'failed');
    this.settled();
  }

  /** No new messages after this. A broker that does not answer is not waited for. */
  async stopTaking(): Promise<void> {
    if (this.isOpen) await this.answered(this.channel.cancel(this.consumerTag));
  }

  /** Takes nothing more, and closes once all that it has in hand is settled. */
  async retire(): Promise<void> {
    await this.stopTaking();
    this.isRetiring = true;
    this.settled();
  }

  /** Gives back whatever is unsettled, once, and closes. */
  async giveBackAndClose(): Promise<void> {
    if (!this.isOpen) return;
    this.channel.nackAll(true);
    this.isOpen = false;
    const closing = this.answered(this.channel.close());
    if (!this.isDeaf) await closing;
  }

  private settled(): void {
    this.busyAt = performance.now();
    if (this.isRetiring && this.unsettled.size === 0) void this.giveBackAndClose();
  }

  private async answered(request: Promise<unknown>): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(() => {
      this.isDeaf = true;
      resolve();
    }, answerTimeoutMs);
    await Promise.race([request.catch((error: unknown) => this.noteClosing(error)), late]);
    clearTimeout(timer);
  }

  private async consume(): Promise<void> {
    const { queue, onMessage } = this.options;
    const { consumerTag } = await this.channel.consume(queue, (message) => {
      // The broker cancelled us: the queue was deleted, or (RabbitMQ 4.3) a delivery stayed unsettled for too long.
      if (message === null) this.cancelled();
      else if (this.isOpen) this.received(message, onMessage);
    });
    this.consumerTag = consumerTag;
  }

  private received(message: ConsumeMessage, onMessage: SessionOptions['onMessage']): void {
    this.unsettled.set(message.fields.deliveryTag, message);
    this.busyAt = performance.now();
    onMessage(this, message);
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
