import type { ChannelModel, ConsumeMessage } from 'amqplib';
import { ChannelSession } from './channel-session.consumer.js';
import type { MessagingLog } from './log.js';
import type { QueueState } from './passive-check.relay.js';
import { messageOf } from '@billhook/runtime';

export interface ConsumptionOptions {
  queue: string;
  prefetch: number;
  onMessage: (session: ChannelSession, message: ConsumeMessage) => void;
  /** Asked before every attempt to consume. */
  mayConsume: () => boolean;
  log: MessagingLog;
}

const resubscribeAfterMs = 1_000;
/**
 * A consumer that was given nothing for so long begins again. RabbitMQ 3.10 often tells nobody when a quorum queue is deleted
 * and declared again within milliseconds: it counts the consumer on, hands messages out to it that never arrive, and shows
 * none as waiting. Nothing that can be asked over AMQP tells such a consumer from one with nothing to do. Together with the
 * interval of the checks this is back within five seconds, for some six small frames now and then on a queue that is idle.
 */
const renewAfterMs = 1_900;

/** Keeps one queue consumed: a session at a time, another whenever it ends, and one more where it only seems to be alive. */
export class Consumption {
  private model: ChannelModel | undefined;
  private session: ChannelSession | undefined;
  /** They take nothing more and wait for what they have in hand: more than one, if that takes longer than a renewal. */
  private readonly retiring = new Set<ChannelSession>();
  private timer: NodeJS.Timeout | undefined;
  private unanswered: string | undefined;
  private isOpening = false;

  constructor(private readonly options: ConsumptionOptions) {}

  attach(model: ChannelModel): void {
    this.model = model;
    this.unanswered = undefined;
  }

  detach(): void {
    this.model = undefined;
  }

  trouble(): string | undefined {
    const { queue } = this.options;
    if (this.session?.isLive !== true) return `${queue} is not being consumed`;
    return this.unanswered === undefined ? undefined : `${queue} cannot be checked: ${this.unanswered}`;
  }

  async begin(): Promise<void> {
    if (this.session?.isLive !== true) await this.open();
  }

  /** Whether the broker, too, takes us for a consumer of this queue; begins again where it does not. */
  async verify(look: (queue: string) => Promise<QueueState | undefined>): Promise<void> {
    const { session } = this;
    if (session?.isLive !== true) return;
    let state: QueueState | undefined;
    try {
      state = await look(this.options.queue);
      this.unanswered = undefined;
    } catch (error) {
      this.unanswered = messageOf(error);
      return;
    }
    if (this.session !== session || !session.isLive) return;
    if (state === undefined) await this.abandon(session, 'the queue does not exist');
    else if (state.consumerCount === 0) await this.abandon(session, 'the broker knows no consumer of the queue');
    else if (session.idleMs > renewAfterMs) await this.renew(session);
  }

  /** No new messages, and no new sessions. */
  async stopTaking(): Promise<void> {
    clearTimeout(this.timer);
    await Promise.all(this.sessions().map((session) => session.stopTaking()));
  }

  async giveBackAndClose(): Promise<void> {
    await Promise.all(this.sessions().map((session) => session.giveBackAndClose()));
  }

  private sessions(): ChannelSession[] {
    return this.session === undefined ? [...this.retiring] : [...this.retiring, this.session];
  }

  private async abandon(session: ChannelSession, reason: string): Promise<void> {
    const { queue, log } = this.options;
    log.error({ queue, reason }, 'the consumer is none, beginning again');
    await session.giveBackAndClose();
    this.openSoon();
  }

  /** The new one first: messages go on coming, and none is given back for it. */
  private async renew(session: ChannelSession): Promise<void> {
    await this.open();
    if (this.session === session) return;
    this.retiring.add(session);
    await session.retire();
  }

  private async open(): Promise<void> {
    const { model } = this;
    const { queue, prefetch, log, onMessage, mayConsume } = this.options;
    if (model === undefined || this.isOpening || !mayConsume()) return;
    this.isOpening = true;
    try {
      const onEnded = (session: ChannelSession): void => this.ended(session);
      const session = await ChannelSession.open(model, { queue, prefetch, log, onMessage, onEnded });
      const isFirst = this.session?.isLive !== true;
      this.session = session;
      if (isFirst) log.info({ queue }, 'consuming');
      // The consumer was paused or closed meanwhile.
      if (!mayConsume()) await session.giveBackAndClose();
      // It ended before we knew of it: its end went unheard.
      else if (!session.isLive) this.openSoon();
    } catch (error) {
      log.warn({ queue, error: String(error) }, 'cannot consume yet');
      this.openSoon();
    } finally {
      this.isOpening = false;
    }
  }

  private ended(session: ChannelSession): void {
    if (session === this.session) this.openSoon();
    this.retiring.delete(session);
  }

  private openSoon(): void {
    clearTimeout(this.timer);
    if (this.options.mayConsume()) this.timer = setTimeout(() => void this.begin(), resubscribeAfterMs);
  }
}
