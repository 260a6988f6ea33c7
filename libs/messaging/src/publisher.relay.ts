import { toHeaders } from '@billhook/contracts';
import { Retryable } from '@billhook/runtime';
import { IllegalOperationError } from 'amqplib';
import type { ChannelModel, ConfirmChannel, Message, Options } from 'amqplib';
import { openBrokerConnection } from './connection.relay.js';
import type { BrokerConnection } from './connection.relay.js';
import type { OutgoingEvent } from './event.js';
import { nestLog } from './log.js';
import type { MessagingLog } from './log.js';
import { QueueWatch } from './queue-watch.relay.js';
import { queueNames, topology } from './topology.js';
import type { QueueName } from './topology.js';

export interface EventPublisherOptions {
  url: string;
  connectionName: string;
  /** Unconfirmed messages at once; more are refused, not queued. Default 1,000, and 64 MiB of bodies. */
  maxInFlight?: number;
  /** How long a publish waits for its confirm. Default 1,500. */
  timeoutMs?: number;
  /** Queues whose absence `missingQueues` reports. Default: every queue of the topology. */
  requiredQueues?: readonly QueueName[];
  log?: MessagingLog;
}

interface InFlight {
  bytes: number;
  /** Why the broker gave the message back, once it has. */
  returned?: string;
}

const maxInFlightBytes = 64 * 1024 * 1024;
const retryAfterSeconds = 2;
/** While the broker is silent, one message in so long finds out whether it still is: the confirm of another may never come. */
const trialEveryMs = 1_000;

/** Publishes with confirms on a connection of its own: a memory alarm blocks all that shares a publisher's connection. */
export class EventPublisher {
  private readonly log: MessagingLog;
  private readonly maxInFlight: number;
  private readonly timeoutMs: number;
  private readonly watch: QueueWatch;
  private readonly inFlight = new Map<string, InFlight>();
  private inFlightBytes = 0;
  private sequence = 0;
  /** When something was last confirmed, or given to a broker that owed nothing; and when something was last given to it. */
  private heardAt = 0;
  private sentAt = 0;
  private connection: BrokerConnection | undefined;
  private model: ChannelModel | undefined;
  private channel: ConfirmChannel | undefined;
  private isBlocked = false;

  constructor(private readonly options: EventPublisherOptions) {
    this.log = options.log ?? nestLog('publisher');
    this.maxInFlight = options.maxInFlight ?? 1_000;
    this.timeoutMs = options.timeoutMs ?? 1_500;
    this.watch = new QueueWatch(options.requiredQueues ?? queueNames, this.log);
  }

  /** Returns at once; the connection comes when the broker does. */
  async start(): Promise<void> {
    this.connection = await openBrokerConnection({
      url: this.options.url,
      connectionName: this.options.connectionName,
      log: this.log,
      setup: (model) => this.setUp(model),
      onDown: () => this.goDown(),
      onBlocked: (isBlocked) => (this.isBlocked = isBlocked),
    });
  }

  /** Unconfirmed publishes are rejected; end whoever publishes first. */
  async stop(): Promise<void> {
    this.watch.stop();
    await this.connection?.close();
    this.connection = undefined;
    this.goDown();
  }

  state(): 'up' | 'blocked' | 'down' {
    if (this.channel === undefined) return 'down';
    return this.isBlocked ? 'blocked' : 'up';
  }

  /** Required queues that the last passive check (every second) did not find. */
  missingQueues(): QueueName[] {
    return this.watch.missing();
  }

  /** Messages given to the broker and not confirmed yet. */
  unconfirmed(): number {
    return this.inFlight.size;
  }

  /** For the table of readiness checks. */
  readiness(): Promise<{ up: boolean; detail?: string }> {
    const missing = this.missingQueues();
    if (this.state() !== 'up') return Promise.resolve({ up: false, detail: `the broker is ${this.state()}` });
    if (missing.length > 0) return Promise.resolve({ up: false, detail: `missing queues: ${missing.join(', ')}` });
    return Promise.resolve({ up: true });
  }

  /**
   * Resolves once the broker has confirmed a persistent, mandatory publish. Rejects Retryable('broker_unavailable') when the
   * broker is down, blocked, silent or too far behind, when it returns or refuses the message, or does not confirm in time; in
   * the last case the message may still have been taken, so consumers deduplicate.
   */
  async publish(event: OutgoingEvent): Promise<void> {
    const channel = this.channel;
    if (channel === undefined || this.isBlocked) throw unavailable(`the broker is ${this.state()}`);
    if (this.inFlight.size >= this.maxInFlight || this.inFlightBytes + event.body.length > maxInFlightBytes) {
      throw unavailable('too many messages are waiting for their confirm');
    }
    if (this.isSilent()) throw unavailable('the broker confirms nothing');
    const confirmed = Promise.withResolvers<void>();
    const timer = setTimeout(() => confirmed.reject(unavailable('no confirm in time')), this.timeoutMs);
    try {
      this.send(channel, event, confirmed);
      await confirmed.promise;
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * A frozen broker does not say so, and one with an alarm stops reading some time before it does. What would be given to it now
   * would fill the socket's buffers, and its caller would wait in vain until the time is up.
   */
  private isSilent(): boolean {
    if (this.inFlight.size === 0) return false;
    const now = performance.now();
    return now - this.heardAt > this.timeoutMs && now - this.sentAt < trialEveryMs;
  }

  /**
   * The slot is freed by the confirm or by the channel's end, not by the caller's time-out: what a frozen broker has not
   * confirmed still occupies memory here.
   */
  private send(channel: ConfirmChannel, event: OutgoingEvent, confirmed: PromiseWithResolvers<void>): void {
    // Two deliveries of one event may be under way at once, so its id cannot tell which of them came back.
    const correlationId = String((this.sequence += 1));
    const slot: InFlight = { bytes: event.body.length };
    this.sentAt = performance.now();
    if (this.inFlight.size === 0) this.heardAt = this.sentAt;
    publishOn(channel, event, correlationId, (error) => {
      this.heardAt = performance.now();
      this.inFlight.delete(correlationId);
      this.inFlightBytes -= slot.bytes;
      if (error !== null) confirmed.reject(unavailable('the broker did not take the message', error));
      else if (slot.returned !== undefined) confirmed.reject(unavailable(slot.returned));
      else confirmed.resolve();
    });
    this.inFlight.set(correlationId, slot);
    this.inFlightBytes += slot.bytes;
  }

  private async setUp(model: ChannelModel): Promise<void> {
    this.model = model;
    const channel = await model.createConfirmChannel();
    channel.on('error', (error: Error) => this.log.warn({ error: error.message }, 'the publishing channel failed'));
    channel.on('return', (message) => this.markReturned(message));
    await this.watch.start(model);
    // A lost connection closes its channels first and says so itself a moment later.
    channel.on('close', () => {
      this.channel = undefined;
      setImmediate(() => this.reopen(model));
    });
    this.isBlocked = false;
    this.channel = channel;
  }

  /** RabbitMQ sends the return of a mandatory message before its confirm. */
  private markReturned(message: Message): void {
    const slot = this.inFlight.get(String(message.properties.correlationId));
    if (slot !== undefined) slot.returned = `no queue is bound for ${message.fields.routingKey}`;
  }

  /** A missing exchange closes the channel (404) and leaves the connection; nothing else would open another channel. */
  private reopen(model: ChannelModel): void {
    if (this.model !== model) return;
    this.setUp(model).catch((error: unknown) => {
      this.log.warn({ error: String(error) }, 'no publishing channel, dropping the connection');
      model.close().catch((failure: unknown) => this.log.info({ error: String(failure) }, 'was closed already'));
    });
  }

  private goDown(): void {
    this.model = undefined;
    this.channel = undefined;
    this.isBlocked = false;
  }
}

function publishOn(
  channel: ConfirmChannel,
  event: OutgoingEvent,
  correlationId: string,
  onConfirm: (error: Error | null) => void,
): void {
  try {
    const options = toOptions(event, correlationId);
    channel.publish(topology.exchange, event.attributes.type, event.body, options, onConfirm);
  } catch (error) {
    if (error instanceof IllegalOperationError) throw unavailable('the channel is closing', error);
    throw error;
  }
}

function toOptions(event: OutgoingEvent, correlationId: string): Options.Publish {
  return {
    persistent: true,
    mandatory: true,
    messageId: event.attributes.id,
    correlationId,
    type: event.attributes.type,
    contentType: event.contentType ?? 'application/json',
    headers: toHeaders(event.attributes),
  };
}

function unavailable(detail: string, cause?: unknown): Retryable {
  return new Retryable('broker_unavailable', new Error(detail, { cause }), retryAfterSeconds);
}
