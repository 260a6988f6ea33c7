import type { Channel, ChannelModel } from 'amqplib';
import type { MessagingLog } from './log.js';
import type { QueueName } from './topology.js';

const intervalMs = 5_000;

/**
 * `mandatory` proves that some queue took a message, not that every consumer's did. So the queues are looked for passively,
 * on a channel of their own: the broker answers a missing one with 404 and closes the channel.
 */
export class QueueWatch {
  private absent: readonly QueueName[] = [];
  private channel: Channel | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly required: readonly QueueName[],
    private readonly log: MessagingLog,
  ) {}

  missing(): QueueName[] {
    return [...this.absent];
  }

  /** Looks once, then every 5 s for as long as this connection lasts. */
  async start(model: ChannelModel): Promise<void> {
    this.stop();
    this.channel = undefined;
    await this.look(model);
    this.schedule(model);
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  private schedule(model: ChannelModel): void {
    this.timer = setTimeout(() => {
      this.look(model).then(
        () => this.schedule(model),
        // The connection is gone; the next one starts a watch of its own.
        (error: unknown) => this.log.info({ error: String(error) }, 'the queue check ended with its connection'),
      );
    }, intervalMs).unref();
  }

  private async look(model: ChannelModel): Promise<void> {
    const absent: QueueName[] = [];
    for (const queue of this.required) {
      if (!(await this.exists(model, queue))) absent.push(queue);
    }
    if (absent.length > 0) this.log.error({ queues: absent }, 'queues are missing: declare the topology');
    this.absent = absent;
  }

  private async exists(model: ChannelModel, queue: QueueName): Promise<boolean> {
    this.channel ??= await openChannel(model);
    try {
      await this.channel.checkQueue(queue);
      return true;
    } catch (error) {
      this.channel = undefined;
      if (error instanceof Error && 'code' in error && error.code === 404) return false;
      throw error;
    }
  }
}

async function openChannel(model: ChannelModel): Promise<Channel> {
  const channel = await model.createChannel();
  // The refused check rejects its own promise; an unheard `error` would take the connection down as well.
  channel.on('error', () => undefined);
  return channel;
}
