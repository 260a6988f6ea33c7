import { LiveCatalogue, PriceClient, PriceMemory } from '@billhook/catalogue';
import { databaseCheck, databaseModule } from '@billhook/database';
import {
  BatchTransport,
  DeadLetters,
  EventPublisher,
  isSurroundingsFailure,
  Outbox,
  OutboxRelay,
  OutboxRunner,
  RetryRunner,
} from '@billhook/messaging';
import { createTokenVerifier, tokenVerifierToken } from '@billhook/runtime';
import type { ServiceOptions } from '@billhook/runtime';
import { createStripeClient } from '@billhook/stripe';
import { Module } from '@nestjs/common';
import type { DynamicModule, Provider } from '@nestjs/common';
import { APP_GUARD, DiscoveryModule } from '@nestjs/core';
import Stripe from 'stripe';
import { DataSource } from 'typeorm';
import { AccountChanges } from './account/account-changes.store.js';
import { AccountConsumer } from './account/account.consumer.js';
import { AccountController } from './account/account.controller.js';
import { AccountEventsController } from './account/account-events.controller.js';
import { AccountReader } from './account/account-reader.store.js';
import { AccountStore } from './account/account.store.js';
import { AccountStreams } from './account/account-streams.store.js';
import { BillingDetailsReader } from './account/billing-details.client.js';
import { consumerName } from './account/consumer-name.js';
import { ProfileController } from './account/profile.controller.js';
import { eventSource } from './announcement.js';
import { DocsController } from './api-description/docs.controller.js';
import { ChangeController } from './change/change.controller.js';
import { ChangePagesController } from './change/change-pages.controller.js';
import { ChangePreviewStore } from './change/change-preview.store.js';
import { PlanChanger } from './change/plan-changer.client.js';
import { PlanPreviewer } from './change/plan-previewer.client.js';
import { CheckoutAnnouncer } from './checkout/checkout-announcer.store.js';
import { CheckoutAttemptStore } from './checkout/checkout-attempt.store.js';
import { CheckoutController } from './checkout/checkout.controller.js';
import { Checkout } from './checkout/checkout.client.js';
import { CheckoutPagesController } from './checkout/checkout-pages.controller.js';
import { CheckoutSessions } from './checkout/checkout-sessions.client.js';
import { CustomerStore } from './checkout/customer.store.js';
import { Customers } from './checkout/customer.client.js';
import { ProgressReader } from './checkout/progress.client.js';
import { Trials } from './checkout/trials.client.js';
import { TrialUseStore } from './checkout/trial-use.store.js';
import { GatewayConfig } from './config.js';
import { BillingEnd } from './erasure/billing-end.client.js';
import { ErasureController } from './erasure/erasure.controller.js';
import { ErasureRunner } from './erasure/erasure-runner.client.js';
import { Erasures } from './erasure/erasures.store.js';
import { OwnData } from './erasure/own-data.store.js';
import { EntitlementsController } from './entitlements/entitlements.controller.js';
import { EntitlementsStore } from './entitlements/entitlements.store.js';
import { ReadingProgress } from './entitlements/reading-progress.store.js';
import { answerBadAddress, configureHttp, maxBodyBytes } from './http.module.js';
import { RateLimits } from './limits/rate-limits.store.js';
import { ChangeRecorder } from './manage/change-recorder.store.js';
import { LiveSubscriptions } from './manage/live-subscription.client.js';
import { ManageController } from './manage/manage.controller.js';
import { ManagePagesController } from './manage/manage-pages.controller.js';
import { PlanManagement } from './manage/plan-management.client.js';
import { Portal } from './manage/portal.client.js';
import { Pulls } from './manage/pull.store.js';
import { AssetsController } from './pages/assets.controller.js';
import { PreferencesController } from './preferences/preferences.controller.js';
import { PreferencesPagesController } from './preferences/preferences-pages.controller.js';
import { PreferencesStore } from './preferences/preferences.store.js';
import { Refusals } from './refusals/refusals.store.js';
import { schema } from './schema.js';
import { AccessCheck } from './sign-in/access-check.module.js';
import { AppUserStore } from './sign-in/app-user.store.js';
import { EntranceGuard } from './sign-in/entrance.guard.js';
import { FormUseStore } from './sign-in/form-use.store.js';
import { Routes } from './sign-in/routes.module.js';
import { SessionController } from './sign-in/session.controller.js';
import { SignIn } from './sign-in/sign-in.guard.js';
import { SignOutController } from './sign-in/sign-out.controller.js';
import { StripeBilling } from './stripe-billing.client.js';
import { StripePlans } from './stripe-plans.client.js';
import { lockConnections, UserLock } from './user-lock.store.js';

const lockPoolSize = 10;

/**
 * The users' door: plans, checkout, portal, cancel, profile. It owns who is which Stripe customer, is the only writer to
 * Stripe, and answers what a user may do from its own copy of the account.
 */
@Module({})
export class GatewayModule {
  static with(config: GatewayConfig): DynamicModule {
    const database = { url: config.DATABASE_URL, schema: schema.schema };
    return {
      module: GatewayModule,
      imports: [
        DiscoveryModule,
        databaseModule({ ...database, applicationName: 'billhook-gateway' }),
        databaseModule(
          { ...database, applicationName: 'billhook-gateway-locks', poolSize: lockPoolSize },
          lockConnections,
        ),
      ],
      controllers: [
        AccountConsumer,
        AccountController,
        AccountEventsController,
        AssetsController,
        ChangeController,
        ChangePagesController,
        CheckoutController,
        CheckoutPagesController,
        DocsController,
        EntitlementsController,
        ErasureController,
        ManageController,
        ManagePagesController,
        PreferencesController,
        PreferencesPagesController,
        ProfileController,
        SessionController,
        SignOutController,
      ],
      providers: [
        ...own,
        ...surroundings(config),
        { provide: GatewayConfig, useValue: config },
        { provide: APP_GUARD, useExisting: EntranceGuard },
      ],
    };
  }
}

const own: Provider[] = [
  AccessCheck,
  AccountChanges,
  AccountReader,
  AccountStore,
  AccountStreams,
  AppUserStore,
  BillingEnd,
  BillingDetailsReader,
  ChangePreviewStore,
  ChangeRecorder,
  Checkout,
  CheckoutAnnouncer,
  CheckoutAttemptStore,
  CheckoutSessions,
  Customers,
  CustomerStore,
  EntitlementsStore,
  EntranceGuard,
  ErasureRunner,
  Erasures,
  FormUseStore,
  LiveSubscriptions,
  Outbox,
  OutboxRunner,
  OwnData,
  PlanChanger,
  PlanManagement,
  PlanPreviewer,
  Portal,
  PreferencesStore,
  Pulls,
  ProgressReader,
  RateLimits,
  ReadingProgress,
  Refusals,
  RetryRunner,
  Routes,
  SignIn,
  StripeBilling,
  StripePlans,
  Trials,
  TrialUseStore,
  UserLock,
];

function surroundings(config: GatewayConfig): Provider[] {
  return [
    { provide: tokenVerifierToken, useFactory: () => createTokenVerifier(config) },
    { provide: Stripe, useFactory: () => createStripeClient(config.stripeClient()) },
    {
      provide: LiveCatalogue,
      inject: [Stripe, DataSource],
      useFactory: (stripe: Stripe, dataSource: DataSource) =>
        LiveCatalogue.open({
          settings: config.catalogueSettings(),
          prices: new PriceClient(stripe),
          memory: new PriceMemory(dataSource),
        }),
    },
    {
      provide: EventPublisher,
      useFactory: () => new EventPublisher({ url: config.RABBITMQ_URL, connectionName: 'billhook-gateway-publish' }),
    },
    {
      provide: OutboxRelay,
      inject: [DataSource, EventPublisher],
      useFactory: (dataSource: DataSource, publisher: EventPublisher) =>
        new OutboxRelay({ dataSource, publisher, databaseUrl: config.DATABASE_URL, schema: schema.schema }),
    },
    {
      provide: BatchTransport,
      inject: [DataSource, Erasures],
      useFactory: (dataSource: DataSource, erasures: Erasures) =>
        new BatchTransport({
          url: config.RABBITMQ_URL,
          connectionName: 'billhook-gateway-consume',
          isSurroundingsFailure,
          isReady: async () => (await databaseCheck(dataSource)()).up,
          deadLetters: new DeadLetters({
            dataSource,
            consumer: consumerName,
            outboxSource: eventSource,
            isOfErased: (manager, mentions) => erasures.isOfErased(manager, mentions),
          }),
        }),
    },
  ];
}

/** This service as `runService` starts it, and as specs do. */
export function gatewayService(config: GatewayConfig): ServiceOptions {
  return {
    name: 'gateway',
    config,
    module: GatewayModule.with(config),
    consumers: (app) => [app.get(BatchTransport)],
    readiness: (app) => ({
      database: databaseCheck(app.get(DataSource)),
      queue: () => app.get(BatchTransport).readiness(),
      publisher: () => app.get(EventPublisher).readiness(),
      catalogue: () => app.get(LiveCatalogue).readiness(),
    }),
    configure: (app) => configureHttp(app, config),
    fastify: {
      bodyLimit: maxBodyBytes,
      frameworkErrors: answerBadAddress,
      // A user's id may have 255 characters, which its address may write as nine each.
      routerOptions: { maxParamLength: 255 * 9 },
      trustProxy: config.TRUSTED_PROXIES.length > 0 ? config.TRUSTED_PROXIES : false,
    },
  };
}
