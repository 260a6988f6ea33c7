import { Injectable } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { BatchTransport } from './batch-transport.consumer.js';
import { OutboxRelay } from './outbox.relay.js';
import { EventPublisher } from './publisher.relay.js';

/**
 * Keeps a service's outbox flowing while it runs; a provider beside the three that it takes. On the way down: take nothing new,
 * publish what is left, hang up. What is written later still waits in the outbox, for another replica or the next start.
 */
@Injectable()
export class OutboxRunner implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(
    private readonly transport: BatchTransport,
    private readonly relay: OutboxRelay,
    private readonly publisher: EventPublisher,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.publisher.start();
    await this.relay.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.transport.close();
    await this.relay.stop();
    await this.publisher.stop();
  }
}
