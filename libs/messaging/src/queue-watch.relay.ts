import type { ChannelModel } from 'amqplib';
import type { MessagingLog } from './log.js';
import { PassiveCheck } from './passive-check.relay.js';
import type { QueueName } from './topology.js';

/**
 * For so long an event may be confirmed by the other queues alone: the broker tells a publisher of a deletion only through a
 * plugin that most do not have. One small question per queue and second costs nothing that can be measured.
 */
const intervalMs = 1_000;

/** `mandatory` proves that some queue took a message, not that every consumer's did. So the queues are looked for. */
export class QueueWatch {
  private absent: readonly QueueName[] = [];
  private check: PassiveCheck | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly required: readonly QueueName[],
    private readonly log: MessagingLog,
  ) {}

  missing(): QueueName[] {
    return [...this.absent];
  }

  /** Looks once, then every second until it is stopped or started on another connection. */
  async start(model: ChannelModel): Promise<void> {
    this.stop();
    const check = new PassiveCheck(model);
    this.check = check;
    await this.look(check);
    this.schedule(check);
  }

  stop(): void {
    clearTimeout(this.timer);
    this.check?.close();
    this.check = undefined;
  }

  private schedule(check: PassiveCheck): void {
    if (this.check !== check) return;
    this.timer = setTimeout(() => void this.lookAgain(check), intervalMs).unref();
  }

  /** A check may fail while its connection lives, and must not have been the last one then. */
  private async lookAgain(check: PassiveCheck): Promise<void> {
    try {
      await this.look(check);
    } catch (error) {
      this.log.warn({ error: String(error) }, 'the queues could not be checked');
    }
    this.schedule(check);
  }

  private async look(check: PassiveCheck): Promise<void> {
    const absent: QueueName[] = [];
    for (const queue of this.required) {
      if ((await check.look(queue)) === undefined) absent.push(queue);
    }
    if (this.check !== check) return;
    const isNews = absent.join() !== this.absent.join();
    if (isNews && absent.length > 0) this.log.error({ queues: absent }, 'queues are missing: declare the topology');
    this.absent = absent;
  }
}
