import type { Channel, ChannelModel } from 'amqplib';

/** What the broker says about a queue: messages that wait for delivery, and consumers that it would deliver to. */
export interface QueueState {
  messageCount: number;
  consumerCount: number;
}

const answerTimeoutMs = 4_000;

/**
 * Asks about queues without declaring them, on a channel of its own: the broker answers a missing queue with 404 and closes
 * the channel. Lasts as long as its connection.
 */
export class PassiveCheck {
  private channel: Promise<Channel> | undefined;

  constructor(private readonly model: ChannelModel) {}

  /** Undefined when there is no such queue. Rejects when the connection is lost or the broker does not answer in time. */
  async look(queue: string): Promise<QueueState | undefined> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new Error('the broker does not answer')), answerTimeoutMs);
    try {
      return await Promise.race([this.ask(queue), late.promise]);
    } catch (error) {
      this.channel = undefined;
      if (error instanceof Error && 'code' in error && error.code === 404) return undefined;
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  private async ask(queue: string): Promise<QueueState> {
    this.channel ??= openChannel(this.model);
    const channel = await this.channel;
    return channel.checkQueue(queue);
  }
}

async function openChannel(model: ChannelModel): Promise<Channel> {
  const channel = await model.createChannel();
  // The refused check rejects its own promise; an unheard `error` would take the connection down as well.
  channel.on('error', () => undefined);
  return channel;
}
