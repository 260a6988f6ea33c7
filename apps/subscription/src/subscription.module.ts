import { LiveCatalogue, PriceClient, PriceMemory } from '@billhook/catalogue';
import { databaseCheck, DatabaseFailureFilter, databaseModule } from '@billhook/database';
import {
  BatchTransport,
  DeadLetters,
  EventPublisher,
  isSurroundingsFailure,
  OutboxRelay,
  OutboxRunner,
  RetryRunner,
} from '@billhook/messaging';
import { createTokenVerifier, RolesGuard, tokenVerifierToken } from '@billhook/runtime';
import type { ServiceOptions } from '@billhook/runtime';
import { createStripeClient, RequestGate } from '@billhook/stripe';
import type { RequestPriority } from '@billhook/stripe';
import { Module } from '@nestjs/common';
import type { DynamicModule, Provider } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import type Stripe from 'stripe';
import { DataSource } from 'typeorm';
import { NotUnderstoodSubscriptions } from './catalogue/not-understood.store.js';
import { PlanChanges } from './catalogue/plan-changes.store.js';
import { PlanFollower } from './catalogue/plan-follower.store.js';
import type { SubscriptionConfig } from './config.js';
import { CustomerLinks } from './customers/customer-link.store.js';
import { CustomersController } from './customers/customers.controller.js';
import { UnknownCustomerRunner } from './customers/unknown-customer-runner.store.js';
import { UnknownCustomers } from './customers/unknown-customers.store.js';
import { ErasureRunner } from './erasure/erasure-runner.store.js';
import { Erasures } from './erasure/erasures.store.js';
import { Redaction } from './erasure/redaction.store.js';
import { FetchApplier } from './fetch/apply-fetch.store.js';
import { HintStore } from './fetch/hint.store.js';
import { PendingFetchConsumer } from './fetch/pending-fetch.consumer.js';
import { PendingFetchEntity } from './fetch/pending-fetch.entity.js';
import { PendingFetchStore } from './fetch/pending-fetch.store.js';
import { PullClient } from './fetch/pull.client.js';
import { PullStore } from './fetch/pull.store.js';
import { bulkStripeToken, stripeToken, SubscriptionClient } from './fetch/subscription.client.js';
import { BatchApplier } from './intake/apply.store.js';
import { consumerName } from './intake/consumer-name.js';
import { EventsConsumer } from './intake/events.consumer.js';
import { RawEvents } from './intake/raw-event.store.js';
import { TakenEvents } from './intake/taken-events.store.js';
import { WaitingEvents } from './intake/waiting-events.store.js';
import { AccountEntity } from './ledger/account.entity.js';
import { CustomerEntity } from './ledger/customer.entity.js';
import { CustomerStore } from './ledger/customer.store.js';
import { LedgerStore } from './ledger/ledger.store.js';
import { StripeObjectStore } from './ledger/stripe-object.store.js';
import { SubscriptionEntity } from './ledger/subscription.entity.js';
import { AccountsController } from './ops/accounts.controller.js';
import { EventsController } from './ops/events.controller.js';
import { ExplainStore } from './ops/explain.store.js';
import { ReplayRun } from './ops/replay-run.store.js';
import { Replays } from './ops/replay.store.js';
import { CatchUp } from './reconcile/catch-up.relay.js';
import { Drifts } from './reconcile/drift.store.js';
import { HeldSubscriptions } from './reconcile/held-subscriptions.store.js';
import { ReconcileController } from './reconcile/reconcile.controller.js';
import { Republish } from './reconcile/republish.store.js';
import { RunConsumer } from './reconcile/run.consumer.js';
import { Runs } from './reconcile/run.store.js';
import { ReconcileSettings } from './reconcile/settings.js';
import { StripeLists } from './reconcile/stripe-lists.client.js';
import { Sweep } from './reconcile/sweep.store.js';
import { UntakenEvents } from './reconcile/untaken-events.store.js';
import { RulesSource } from './rules.js';
import type { Clock } from './rules.js';
import { schema } from './schema.js';
import { DueLooks } from './timers/due-looks.store.js';
import { LookRunner } from './timers/look-runner.store.js';

const entities = [AccountEntity, CustomerEntity, PendingFetchEntity, SubscriptionEntity];

/**
 * A batch costs the same dozen statements and one commit however large it is. Larger ones were no quicker: what they hold lives
 * through several collections of young garbage and ends among the old.
 */
const batchSize = 100;
/** So that one batch is computed while PostgreSQL works on the others; rows are locked in a fixed order. */
const lanes = 3;

/**
 * Turns Stripe's events into subscriptions and tiers: exactly one effect per event, in whatever order they come, announced
 * through the outbox.
 */
@Module({})
export class SubscriptionModule {
  static with(config: SubscriptionConfig, clock?: Clock): DynamicModule {
    const database = { url: config.DATABASE_URL, schema: schema.schema, applicationName: 'billhook-subscription' };
    return {
      module: SubscriptionModule,
      imports: [databaseModule({ ...database, entities })],
      controllers: [EventsConsumer, EventsController, AccountsController, CustomersController, ReconcileController],
      providers: [
        BatchApplier,
        CatchUp,
        CustomerLinks,
        CustomerStore,
        Drifts,
        DueLooks,
        ErasureRunner,
        Erasures,
        ExplainStore,
        FetchApplier,
        HeldSubscriptions,
        HintStore,
        LedgerStore,
        LookRunner,
        NotUnderstoodSubscriptions,
        OutboxRunner,
        PendingFetchConsumer,
        PendingFetchStore,
        PlanChanges,
        PlanFollower,
        PullClient,
        PullStore,
        RawEvents,
        Redaction,
        ReplayRun,
        Replays,
        Republish,
        RetryRunner,
        Runs,
        StripeLists,
        StripeObjectStore,
        SubscriptionClient,
        Sweep,
        TakenEvents,
        UnknownCustomerRunner,
        UnknownCustomers,
        UntakenEvents,
        WaitingEvents,
        ...configured(config, clock),
      ],
    };
  }
}

function configured(config: SubscriptionConfig, clock?: Clock): Provider[] {
  const { DATABASE_URL: databaseUrl, RABBITMQ_URL: brokerUrl } = config;
  return [
    {
      provide: LiveCatalogue,
      inject: [stripeToken, DataSource],
      useFactory: (stripe: Stripe, dataSource: DataSource) =>
        LiveCatalogue.open({
          settings: config.catalogueSettings(),
          prices: new PriceClient(stripe),
          memory: new PriceMemory(dataSource),
        }),
    },
    {
      provide: RulesSource,
      inject: [LiveCatalogue],
      useFactory: (live: LiveCatalogue) => new RulesSource(() => live.current(), config.graceDays(), clock),
    },
    { provide: tokenVerifierToken, useFactory: () => createTokenVerifier(config) },
    { provide: APP_GUARD, useClass: RolesGuard },
    ...stripeClients(config),
    ...reconciling(config),
    {
      provide: EventPublisher,
      useFactory: () => new EventPublisher({ url: brokerUrl, connectionName: 'billhook-subscription-publish' }),
    },
    {
      provide: OutboxRelay,
      inject: [DataSource, EventPublisher],
      useFactory: (dataSource: DataSource, publisher: EventPublisher) =>
        new OutboxRelay({ dataSource, databaseUrl, publisher, schema: schema.schema }),
    },
    {
      provide: BatchTransport,
      inject: [DataSource, Erasures],
      useFactory: (dataSource: DataSource, erasures: Erasures) => transport(brokerUrl, dataSource, erasures),
    },
  ];
}

/** One gate for both: whoever waits for an answer comes before whoever compares. */
function stripeClients(config: SubscriptionConfig): Provider[] {
  const client = (provide: symbol, priority: RequestPriority): Provider => ({
    provide,
    inject: [RequestGate],
    useFactory: (gate: RequestGate) => createStripeClient({ ...config.stripeClient(), budget: { gate, priority } }),
  });
  return [
    { provide: RequestGate, useFactory: () => new RequestGate(config.STRIPE_REQUESTS_PER_SECOND) },
    client(stripeToken, 'interactive'),
    client(bulkStripeToken, 'bulk'),
  ];
}

function reconciling(config: SubscriptionConfig): Provider[] {
  const parts = [Runs, CatchUp, Sweep, Republish] as const;
  return [
    { provide: ReconcileSettings, useFactory: () => config.reconcileSettings() },
    {
      provide: RunConsumer,
      inject: [...parts, ReconcileSettings],
      useFactory: (runs: Runs, catchUp: CatchUp, sweep: Sweep, republish: Republish, settings: ReconcileSettings) =>
        new RunConsumer({ runs, catchUp, sweep, republish }, config.DATABASE_URL, settings),
    },
  ];
}

function transport(url: string, dataSource: DataSource, erasures: Erasures): BatchTransport {
  const isReady = async () => (await databaseCheck(dataSource)()).up;
  const connectionName = 'billhook-subscription-consume';
  const deadLetters = new DeadLetters({
    dataSource,
    consumer: consumerName,
    outboxSource: 'subscription',
    isOfErased: (manager, mentions) => erasures.isOfErased(manager, mentions),
  });
  return new BatchTransport({ url, connectionName, batchSize, lanes, isSurroundingsFailure, isReady, deadLetters });
}

/** This service as `runService` starts it, and as specs do, with a clock for the rules that stands where their stories play. */
export function subscriptionService(config: SubscriptionConfig, clock?: Clock): ServiceOptions {
  return {
    name: 'subscription',
    config,
    module: SubscriptionModule.with(config, clock),
    configure: (app) => void app.useGlobalFilters(new DatabaseFailureFilter()),
    consumers: (app) => [app.get(BatchTransport)],
    readiness: (app) => ({
      database: databaseCheck(app.get(DataSource)),
      queue: () => app.get(BatchTransport).readiness(),
      publisher: () => app.get(EventPublisher).readiness(),
      catalogue: () => app.get(LiveCatalogue).readiness(),
    }),
  };
}
