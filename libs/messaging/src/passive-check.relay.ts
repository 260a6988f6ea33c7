import type { Channel, ChannelModel } from 'amqplib';

/** What the broker says about a queue: messages that wait for delivery, and consumers that it would deliver to. */
export interface QueueState {
  messageCount: number;
  consumerCount: number;
}

const answerTimeoutMs = 4_000;

/**
 * Asks about queues without declaring them, on a channel of its own: the broker answers a missing queue with 404 and closes
 * the channel. Lasts as long as its connection, or until it is closed.
 */
export class PassiveCheck {
  private channel: Promise<Channel> | undefined;
  private isClosed = false;

  constructor(private readonly model: ChannelModel) {}

  /** Undefined when there is no such queue. Rejects when the connection is lost or the broker does not answer in time. */
  async look(queue: string): Promise<QueueState | undefined> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new Error('the broker does not answer')), answerTimeoutMs);
    try {
      return await Promise.race([this.ask(queue), late.promise]);
    } catch (error) {
      const isMissing = error instanceof Error && 'code' in error && error.code === 404;
      // The broker has closed that channel itself; one that it only did not answer on in time stays open until it is told.
      if (isMissing) this.channel = undefined;
      else this.letGo();
      if (isMissing) return undefined;
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** A connection that lives on would keep its channel. Looks after this are refused. Safe to repeat. */
  close(): void {
    this.isClosed = true;
    this.letGo();
  }

  private letGo(): void {
    void this.channel?.then(closeChannel, () => undefined);
    this.channel = undefined;
  }

  private async ask(queue: string): Promise<QueueState> {
    if (this.isClosed) throw new Error('nobody asks about queues any more');
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

/** Nobody waits for the broker's word on it, which may never come; a channel that died with its connection refuses. */
async function closeChannel(channel: Channel): Promise<void> {
  await channel.close().catch(() => undefined);
}
