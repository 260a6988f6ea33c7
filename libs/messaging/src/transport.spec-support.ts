import { toHeaders } from '@billhook/contracts';
import { CommonConfig, Retryable, startService } from '@billhook/runtime';
import type { RunningService } from '@billhook/runtime';
import { createTestBroker, startCableProxy, waitFor } from '@billhook/testing';
import type { CableProxy, TestBroker } from '@billhook/testing';
import { Controller, Module } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { connect } from 'amqplib';
import type { Channel, ChannelModel } from 'amqplib';
import { BatchTransport } from './batch-transport.consumer.js';
import type { BatchTransportOptions } from './batch-transport.consumer.js';
import type { Delivery, Settlement } from './event.js';
import { topology } from './topology.js';

export const queue = 'gateway.accounts';
const routingKey = 'billing.account.changed';

export type Handle = (batch: Delivery[]) => Promise<Settlement[]>;
export const applyAll: Handle = (batch) => Promise.resolve(batch.map(() => ({ kind: 'applied' })));

/** What the consumer under test does with a batch; Nest makes the controller itself. */
const current: { take: Handle } = { take: applyAll };

@Controller()
class SpecConsumer {
  @EventPattern(queue)
  consume(@Payload() batch: Delivery[]): Promise<Settlement[]> {
    return current.take(batch);
  }
}

@Module({ controllers: [SpecConsumer] })
class SpecModule {}

/** A consumer of one queue behind a cable, as a service runs it, and a connection of the spec's own to look at the broker. */
export class TransportUnderTest {
  handle = applyAll;
  isReady = true;
  readonly deliveries: Delivery[] = [];
  readonly logged: string[] = [];
  private service: RunningService | undefined;
  private transport: BatchTransport | undefined;

  private constructor(
    readonly broker: TestBroker,
    readonly cable: CableProxy,
    private readonly admin: ChannelModel,
    readonly channel: Channel,
  ) {
    current.take = (batch) => {
      this.deliveries.push(...batch);
      return this.handle(batch);
    };
  }

  static async create(): Promise<TransportUnderTest> {
    const broker = await createTestBroker();
    const admin = await connect(broker.url);
    return new TransportUnderTest(broker, await startCableProxy(broker.url), admin, await admin.createChannel());
  }

  async end(): Promise<void> {
    await this.stop();
    await this.admin.close();
    await this.cable.close();
    await this.broker.drop();
  }

  /** Does not wait for the consumer to be there. */
  async start(options: Partial<BatchTransportOptions> = {}): Promise<void> {
    const note = (_fields: object, message: string): void => void this.logged.push(message);
    const transport = new BatchTransport({
      url: this.cable.url,
      connectionName: 'transport-spec',
      isSurroundingsFailure: (error) => error instanceof Retryable,
      isReady: () => Promise.resolve(this.isReady),
      log: { info: note, warn: note, error: note },
      ...options,
    });
    this.transport = transport;
    this.service = await startService({
      name: 'transport-spec',
      module: SpecModule,
      config: Object.assign(new CommonConfig(), { PORT: 0, MANAGEMENT_PORT: 0, LOG_LEVEL: 'silent' }),
      consumers: () => [transport],
      readiness: () => ({ queue: () => transport.readiness() }),
    });
  }

  async stop(): Promise<void> {
    await this.service?.stop();
    this.service = undefined;
  }

  async trouble(): Promise<string | undefined> {
    const answer = await this.transport?.readiness();
    return answer?.up === true ? undefined : (answer?.detail ?? 'not started');
  }

  ready(timeoutMs?: number): Promise<true> {
    return waitFor('the consumer', async () => (await this.trouble()) === undefined, timeoutMs);
  }

  send(...ids: string[]): void {
    for (const id of ids) {
      const attributes = { id, source: 'spec', type: routingKey, time: '2026-11-23T12:00:00.000Z' };
      const headers = toHeaders(attributes);
      this.channel.publish(topology.exchange, routingKey, Buffer.from(id), { headers, persistent: true });
    }
  }

  get seen(): string[] {
    return this.deliveries.map((delivery) => delivery.attributes.id);
  }

  /** Deletes the queue and declares it again at once, with other arguments where some are given. */
  async replaceQueue(others: Record<string, number> = {}): Promise<void> {
    const { bindings, arguments: declared } = topology.queues[queue];
    const deleted = this.channel.deleteQueue(queue);
    const again = this.channel.assertQueue(queue, { durable: true, arguments: { ...declared, ...others } });
    await Promise.all([deleted, again]);
    for (const binding of bindings) await this.channel.bindQueue(queue, topology.exchange, binding);
  }
}
