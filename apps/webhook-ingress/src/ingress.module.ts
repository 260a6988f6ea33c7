import { EventPublisher } from '@billhook/messaging';
import type { ServiceOptions } from '@billhook/runtime';
import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { IngressConfig } from './config.js';
import { countDropped, Deliveries } from './deliveries.metrics.js';
import { LargeBodies } from './large-bodies.thread.js';
import { acceptRawBodies, answerUnfinished } from './raw-requests.hook.js';
import type { OnTurnedAway } from './raw-requests.hook.js';
import { Rejections } from './rejections.relay.js';
import { SigningSecrets } from './signing-secrets.file.js';
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
        LargeBodies,
        Rejections,
        { provide: IngressConfig, useValue: config },
        { provide: SigningSecrets, useFactory: () => new SigningSecrets(secretsOf(config)) },
        {
          provide: EventPublisher,
          useFactory: () =>
            new EventPublisher({ url: config.RABBITMQ_URL, connectionName: 'billhook-webhook-ingress' }),
        },
      ],
    };
  }
}

function secretsOf({ STRIPE_WEBHOOK_SECRET_FILE: file, STRIPE_WEBHOOK_SECRET: secrets = [] }: IngressConfig) {
  return file === undefined ? { secrets } : { file };
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
      const server = app.getHttpAdapter().getInstance();
      acceptRawBodies(server, onTurnedAway);
      server.server.maxConnections = config.MAX_CONNECTIONS;
      server.server.on('drop', countDropped);
    },
    readiness: (app) => ({
      broker: () => app.get(EventPublisher).readiness(),
      signing_secrets: () => app.get(SigningSecrets).readiness(),
    }),
  };
}
