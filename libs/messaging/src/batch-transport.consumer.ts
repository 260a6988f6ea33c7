import { BaseRpcContext, Server } from '@nestjs/microservices';
import type { CustomTransportStrategy } from '@nestjs/microservices';
import { lastValueFrom } from 'rxjs';
import type { BatchLimits } from './batch.js';
import { ConsumerWatch } from './consumer-watch.relay.js';
import { openBrokerConnection } from './connection.relay.js';
import type { BrokerConnection } from './connection.relay.js';
import { DeadLetterConsumer } from './dead-letter.consumer.js';
import type { DeadLetters } from './dead-letters.store.js';
import type { Delivery, Settlement } from './event.js';
import { nestLog } from './log.js';
import type { MessagingLog } from './log.js';
import { QueueConsumer } from './queue.consumer.js';
import { deadLetterQueueOf } from './topology.js';

export interface BatchTransportOptions {
  url: string;
  connectionName: string;
  /** Default 100. */
  batchSize?: number;
  /**
   * How long a delivery waits for company, in milliseconds. By default not at all while nothing is at work, and 5 beside a batch that
   * is: with 1 there, changes were seen later under load, for every commit waits for the disk.
   */
  lingerMs?: BatchLimits['lingerMs'];
  /** Batches at work at once. Default 1; with more, the handler passes a Turnstile where their order matters. */
  lanes?: number;
  /** Unsettled messages per queue. Default a batch more than are at work, so that the next one fills meanwhile. */
  prefetch?: number;
  /** A batch that takes longer makes the service unready: something it waits for hangs. Default 20,000. */
  longBatchMs?: number;
  /** Such a failure pauses the consumer; any other is the messages' own fault. */
  isSurroundingsFailure: (error: unknown) => boolean;
  /** Whether a paused consumer may go on. */
  isReady: () => Promise<boolean>;
  /** Where the dead letters of its queues go. Without it they stay where they are. */
  deadLetters?: Pick<DeadLetters, 'park'>;
  log?: MessagingLog;
}

/** A thousand of Stripe's usual events; a few of its largest. Parsed, they take some ten times as much memory. */
const maxBatchBytes = 4 * 1024 * 1024;

type Handler = (batch: Delivery[], context: BaseRpcContext) => Promise<unknown>;

/**
 * Nest's door to the queues. A handler is `@EventPattern<string>('<queue>')` and takes `@Payload() batch: Delivery[]`; it
 * answers one settlement per delivery, in order, and messages are acknowledged only then. What cannot be decoded goes to the
 * dead-letter queue, which is emptied here too.
 */
export class BatchTransport extends Server implements CustomTransportStrategy {
  /** Failures of handlers are ours to act on; Nest need not log them as lost. */
  override readonly propagatesEventHandlerErrors: boolean = true;
  private readonly log: MessagingLog;
  private consumers: QueueConsumer[] = [];
  private deadLetters: DeadLetterConsumer[] = [];
  private readonly watch = new ConsumerWatch();
  private opening: Promise<BrokerConnection> | undefined;
  private isClosed = false;

  constructor(private readonly options: BatchTransportOptions) {
    super();
    this.log = options.log ?? nestLog('consumer');
  }

  /** Calls back at once: a service starts while its broker is down. */
  override listen(callback: () => void): void {
    this.consumers = [...this.messageHandlers].map(([queue, handler]) => this.createConsumer(queue, handler));
    this.deadLetters = [...this.messageHandlers.keys()].flatMap((queue) => this.createDeadLetterConsumer(queue) ?? []);
    const all = [...this.consumers, ...this.deadLetters];
    this.opening = openBrokerConnection({
      url: this.options.url,
      connectionName: this.options.connectionName,
      log: this.log,
      setup: async (model) => {
        await Promise.all(all.map((consumer) => consumer.attach(model)));
        this.watch.start(model, all);
      },
      onDown: () => {
        this.watch.stop();
        all.forEach((consumer) => consumer.detach());
      },
    });
    callback();
  }

  /** Safe to call twice: from a shutdown hook, and by Nest. */
  override async close(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    this.watch.stop();
    await Promise.all([...this.consumers, ...this.deadLetters].map((consumer) => consumer.close()));
    const connection = await this.opening;
    await connection?.close();
  }

  /** For the table of readiness checks: every queue is being consumed and none is paused. Dead letters can wait. */
  readiness(): Promise<{ up: boolean; detail?: string }> {
    const troubles = this.consumers.flatMap((consumer) => consumer.trouble() ?? []);
    if (this.consumers.length === 0) troubles.push('not listening yet');
    return Promise.resolve(troubles.length === 0 ? { up: true } : { up: false, detail: troubles.join('; ') });
  }

  /**
   * Whether nothing waits in this service's queues and nothing is in hand here. Other replicas have to say the same of
   * themselves: what the broker has handed to them does not wait any more. False also when it cannot be known.
   */
  async isCaughtUp(): Promise<boolean> {
    if (this.consumers.length === 0 || this.isClosed) return false;
    try {
      const states = await Promise.all(this.consumers.map(({ queue }) => this.watch.look(queue)));
      return states.every((state) => state?.messageCount === 0) && this.consumers.every((each) => each.isIdle());
    } catch (error) {
      this.log.info({ error: String(error) }, 'the broker could not be asked what waits');
      return false;
    }
  }

  override on(): never {
    throw new Error('BatchTransport emits no events: ask readiness()');
  }

  override unwrap(): never {
    throw new Error('BatchTransport has no client to hand out: its channels come and go with their connection');
  }

  private createConsumer(queue: string, handler: Handler): QueueConsumer {
    const {
      batchSize = 100,
      lanes = 1,
      lingerMs = { busy: 5, idle: 0 },
      isSurroundingsFailure,
      isReady,
    } = this.options;
    return new QueueConsumer({
      queue,
      limits: { size: batchSize, bytes: maxBatchBytes, lingerMs },
      lanes,
      prefetch: this.options.prefetch ?? batchSize * (lanes + 1),
      longBatchMs: this.options.longBatchMs ?? 20_000,
      handle: (batch) => this.handle(queue, handler, batch),
      isSurroundingsFailure,
      isReady,
      log: this.log,
    });
  }

  private createDeadLetterConsumer(handled: string): DeadLetterConsumer | undefined {
    const { deadLetters, isReady } = this.options;
    const queue = deadLetterQueueOf(handled);
    if (deadLetters === undefined || queue === undefined) return undefined;
    return new DeadLetterConsumer({ queue, park: (letter) => deadLetters.park(letter), isReady, log: this.log });
  }

  private async handle(queue: string, handler: Handler, batch: Delivery[]): Promise<Settlement[]> {
    const answer: unknown = await lastValueFrom(
      this.transformToObservable<unknown>(handler(batch, new BaseRpcContext([queue]))),
    );
    if (isSettlements(answer) && answer.length === batch.length) return answer;
    throw new Error(`the handler of ${queue} must answer one settlement for each of its ${batch.length} deliveries`);
  }
}

const kinds = new Set<unknown>([
  'applied',
  'duplicate',
  'ignored',
  'parked',
  'retrying',
] satisfies Settlement['kind'][]);

function isSettlements(answer: unknown): answer is Settlement[] {
  return Array.isArray(answer) && answer.every((each: unknown) => isObject(each) && kinds.has(each['kind']));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
