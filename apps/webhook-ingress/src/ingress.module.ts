import { EventPublisher } from '@billhook/messaging';
import type { ServiceOptions } from '@billhook/runtime';
import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { IngressConfig } from './config.js';
import { Deliveries } from './deliveries.relay.js';
import { acceptRawBodies, answerUnfinished } from './http-edge.js';
import type { OnTurnedAway } from './http-edge.js';
import { Rejections } from './rejections.relay.js';
import { WebhookController } from './webhook.controller.js';

/** Stripe's door: proves that a delivery is Stripe's and hands it to the broker, byte for byte. Keeps nothing. */
@Module({})
export class IngressModule {
  static with(config: IngressConfig): DynamicModule {
    return {
      module: IngressModule,
      controllers: [WebhookController],
      providers: [
        Deliveries,
        Rejections,
        { provide: IngressConfig, useValue: config },
        {
          provide: EventPublisher,
          useFactory: () =>
            new EventPublisher({ url: config.RABBITMQ_URL, connectionName: 'billhook-webhook-ingress' }),
        },
      ],
    };
  }
}

/** This service as `runService` starts it, and as specs do. */
export function ingressService(config: IngressConfig): ServiceOptions {
  // The HTTP server is made before the module that knows what to do with its errors.
  let deliveries: Deliveries | undefined;
  const onTurnedAway: OnTurnedAway = (outcome, remoteAddress, requestId) =>
    deliveries?.tell({ outcome, remoteAddress, requestId });
  return {
    name: 'webhook-ingress',
    config,
    module: IngressModule.with(config),
    parseBodies: false,
    logRequests: false,
    fastify: {
      trustProxy: config.TRUSTED_PROXIES.length > 0 && config.TRUSTED_PROXIES,
      clientErrorHandler: answerUnfinished(onTurnedAway),
      // Our own answer is `shutting_down`, with its code.
      return503OnClosing: false,
    },
    configure: (app) => {
      deliveries = app.get(Deliveries);
      acceptRawBodies(app.getHttpAdapter().getInstance(), onTurnedAway);
    },
    readiness: (app) => ({ broker: () => app.get(EventPublisher).readiness() }),
  };
}
