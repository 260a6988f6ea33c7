import { BatchTransport, EventPublisher, OutboxRelay } from '@billhook/messaging';
import { Injectable } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';

/** Keeps the outbox flowing while the service runs. On the way down: take nothing new, publish what is left, hang up. */
@Injectable()
export class OutboxRelaying implements OnApplicationBootstrap, BeforeApplicationShutdown {
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
