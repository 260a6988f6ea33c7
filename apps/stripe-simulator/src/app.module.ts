import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { ApiController } from './api/api.controller.js';
import { StripeErrorFilter } from './api/stripe-error.filter.js';
import { CheckoutController } from './checkout/checkout.controller.js';
import type { SimulatorConfig } from './config.js';
import { SimulatorController, Ticker } from './control/simulator.controller.js';
import { Deliveries } from './events/deliveries.client.js';
import { IdentityController } from './identity/identity.controller.js';
import { Issuer } from './identity/issuer.js';
import { InvoiceController } from './invoices/invoice.controller.js';
import { PortalController } from './portal/portal.controller.js';
import { CONFIG } from './tokens.js';
import { World } from './world/world.js';

/**
 * A pretend Stripe for demos and tests: its API, its hosted pages, its signed webhooks and a clock one can move; and a demo
 * identity provider. It shares no code with the services, or both would carry the same misunderstanding of Stripe.
 */
@Module({})
export class AppModule {
  static with(config: SimulatorConfig): DynamicModule {
    const world = new World(config.publicUrl, config.prices, config.webhookUrl === null ? 0 : 1);
    return {
      module: AppModule,
      controllers: [
        ApiController,
        CheckoutController,
        PortalController,
        InvoiceController,
        IdentityController,
        SimulatorController,
      ],
      providers: [
        { provide: CONFIG, useValue: config },
        { provide: World, useValue: world },
        { provide: APP_FILTER, useClass: StripeErrorFilter },
        Deliveries,
        Issuer,
        Ticker,
      ],
    };
  }
}
