import type { ChannelModel, ConsumeMessage } from 'amqplib';
import type { ChannelSession } from './channel-session.consumer.js';
import { Comeback } from './comeback.js';
import { Consumption } from './consumption.consumer.js';
import { toDeadLetter } from './dead-letter.js';
import type { DeadLetter } from './dead-letter.js';
import { deadLettersMoved, deadLettersWaiting } from './dead-letters.metrics.js';
import type { DeadLetterFate } from './dead-letters.store.js';
import type { MessagingLog } from './log.js';
import type { QueueState } from './passive-check.relay.js';
import { waitAtMost } from './wait-at-most.js';

export interface DeadLetterConsumerOptions {
  /** The dead-letter queue itself. */
  queue: string;
  /** Once it has resolved, the message can go. */
  park: (letter: DeadLetter) => Promise<DeadLetterFate>;
  isReady: () => Promise<boolean>;
  log: MessagingLog;
}

/** Of the ten seconds that a process has to exit in. */
const drainDeadlineMs = 4_000;

/**
 * Empties one dead-letter queue, a message at a time. What cannot be parked now is kept in hand and tried ever later, never given
 * back: each return would count towards this queue's own delivery limit, and beyond that there is nothing but the floor.
 */
export class DeadLetterConsumer {
  private readonly consumption: Consumption;
  private readonly comeback = new Comeback(() => this.isReady());
  private work: Promise<void> = Promise.resolve();
  private inHand = 0;
  private isClosing = false;

  constructor(private readonly options: DeadLetterConsumerOptions) {
    const { queue, log } = options;
    this.consumption = new Consumption({
      queue,
      prefetch: 1,
      log,
      onMessage: (session, message) => this.take(session, message),
      mayConsume: () => !this.isClosing,
    });
  }

  /** A connection is there. Also called after every reconnect. */
  attach(model: ChannelModel): Promise<void> {
    this.consumption.attach(model);
    return this.consumption.begin();
  }

  detach(): void {
    this.consumption.detach();
    deadLettersWaiting.remove(this.options.queue);
  }

  verify(look: (queue: string) => Promise<QueueState | undefined>): Promise<void> {
    return this.consumption.verify(async (queue) => {
      const state = await look(queue);
      if (state === undefined) deadLettersWaiting.remove(queue);
      else deadLettersWaiting.set({ queue }, state.messageCount + this.inHand);
      return state;
    });
  }

  /** Finishes the one in hand, or gives it back. */
  async close(): Promise<void> {
    this.isClosing = true;
    this.comeback.close();
    await waitAtMost(drainDeadlineMs, this.drain());
    await this.consumption.giveBackAndClose();
    deadLettersWaiting.remove(this.options.queue);
  }

  private async drain(): Promise<void> {
    await this.consumption.stopTaking();
    await this.work;
  }

  /** One after the other, also while one channel takes over from another. */
  private take(session: ChannelSession, message: ConsumeMessage): void {
    this.inHand += 1;
    this.work = this.work
      .then(() => this.move(session, message))
      .finally(() => {
        this.inHand -= 1;
      });
  }

  /** Never rejects. One whose channel has ended meanwhile comes again by itself, and is known then if it was parked. */
  private async move(session: ChannelSession, message: ConsumeMessage): Promise<void> {
    while (session.isLive && !this.isClosing) {
      if (await this.park(message)) return session.acknowledge([message]);
      await this.comeback.wait();
    }
  }

  private async park(message: ConsumeMessage): Promise<boolean> {
    const { queue, park, log } = this.options;
    try {
      const letter = toDeadLetter(message);
      const fate = await park(letter);
      this.comeback.succeeded();
      this.report(letter, fate);
      return true;
    } catch (error) {
      const messageId = String(message.properties.messageId);
      log.error({ queue, messageId, err: error }, 'a dead letter could not be parked yet');
      return false;
    }
  }

  private async isReady(): Promise<boolean> {
    try {
      return await this.options.isReady();
    } catch (error) {
      this.options.log.info({ queue: this.options.queue, error: String(error) }, 'not ready yet');
      return false;
    }
  }

  private report({ id: eventId, type, kind, reason }: DeadLetter, fate: DeadLetterFate): void {
    const { queue, log } = this.options;
    const outcome = fate === 'parked' && kind === 'undecodable' ? kind : fate;
    deadLettersMoved.inc({ queue, outcome });
    log.warn({ queue, eventId, type, reason, outcome }, 'dead letter');
  }
}
