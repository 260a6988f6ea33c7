import { ConsoleLogger, Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { APP_FILTER, NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ApiController, parseQuery } from './api/api.controller.js';
import { StripeErrorFilter } from './api/stripe-error.filter.js';
import { ChaosController } from './chaos/chaos.controller.js';
import { Chaos } from './chaos/chaos.js';
import { CheckoutController } from './checkout/checkout.controller.js';
import { Listeners } from './cli/listeners.client.js';
import type { SimulatorConfig } from './config.js';
import { SimulatorController } from './control/simulator.controller.js';
import { Ticker } from './control/ticker.js';
import { DisputeController } from './disputes/dispute.controller.js';
import { Deliveries } from './events/deliveries.client.js';
import { Endpoint } from './events/endpoint.client.js';
import { HistoryController } from './history/history.controller.js';
import { IdentityController } from './identity/identity.controller.js';
import { Issuer } from './identity/issuer.js';
import { InvoiceController } from './invoices/invoice.controller.js';
import { ChallengeController } from './payments/challenge.controller.js';
import { PortalController } from './portal/portal.controller.js';
import { SettingsController } from './settings/settings.controller.js';
import { configToken } from './tokens.js';
import { World } from './world/world.js';

/**
 * A pretend Stripe for demos and tests: its API, its hosted pages, its signed webhooks and a clock one can move; and a
 * demo identity provider. It shares no code with the services, or both would carry the same misunderstanding of Stripe.
 */
@Module({})
export class SimulatorModule {
  static with(config: SimulatorConfig): DynamicModule {
    const world = new World({
      publicUrl: config.publicUrl,
      prices: config.prices,
      endpoints: config.webhookUrl === null ? 0 : 1,
      signingSecret: config.webhookSecrets[0] ?? '',
    });
    return {
      module: SimulatorModule,
      controllers: [
        ApiController,
        CheckoutController,
        PortalController,
        InvoiceController,
        ChallengeController,
        SettingsController,
        DisputeController,
        IdentityController,
        SimulatorController,
        HistoryController,
        ChaosController,
      ],
      providers: [
        { provide: configToken, useValue: config },
        { provide: World, useValue: world },
        { provide: APP_FILTER, useClass: StripeErrorFilter },
        Chaos,
        Endpoint,
        Deliveries,
        Issuer,
        Listeners,
        Ticker,
      ],
    };
  }
}

/** The application, not listening yet. `isQuiet` keeps everything but errors out of the log. */
export async function createSimulator(config: SimulatorConfig, isQuiet = false): Promise<NestFastifyApplication> {
  // Forced: idle keep-alive connections would hold a shutdown up for seconds. Pages that wait are let go beforehand.
  const adapter = new FastifyAdapter({ forceCloseConnections: true, bodyLimit: 1024 * 1024 });
  const logger = new ConsoleLogger({
    json: true,
    logLevels: isQuiet ? ['error', 'fatal'] : ['log', 'warn', 'error', 'fatal'],
  });
  const app = await NestFactory.create<NestFastifyApplication>(SimulatorModule.with(config), adapter, {
    bodyParser: false,
    logger,
  });
  app
    .getHttpAdapter()
    .getInstance()
    .addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) => {
      done(null, parseQuery(String(body)));
    });
  return app;
}
