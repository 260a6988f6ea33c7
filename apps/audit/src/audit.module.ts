import { databaseCheck, databaseModule } from '@billhook/database';
import {
  BatchTransport,
  EventPublisher,
  isSurroundingsFailure,
  OutboxRelay,
  OutboxRunner,
  RetryRunner,
} from '@billhook/messaging';
import { createTokenVerifier, tokenVerifierToken } from '@billhook/runtime';
import type { ServiceOptions } from '@billhook/runtime';
import { Module } from '@nestjs/common';
import type { DynamicModule, Provider } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { DataSource } from 'typeorm';
import { AppendConsumer } from './append/append.consumer.js';
import { AppendStore } from './append/append.store.js';
import { ParkedEntries } from './append/parked.store.js';
import { CheckpointFile } from './checkpoints/checkpoint.file.js';
import { CheckpointRunner } from './checkpoints/checkpoint-runner.store.js';
import { Checkpoints } from './checkpoints/checkpoint.store.js';
import { AuditConfig } from './config.js';
import { ChainPageController } from './console/chain-page.controller.js';
import { ConsoleAssetsController } from './console/console-assets.controller.js';
import { ConsoleGuard } from './console/console.guard.js';
import { configureConsole } from './console/console-http.module.js';
import { ParkedEventsClient } from './console/parked-events.client.js';
import { ParkedController } from './console/parked.controller.js';
import { SearchController } from './console/search.controller.js';
import { ExportController } from './export/export.controller.js';
import { ExportStore } from './export/export.store.js';
import { FunnelController } from './funnel/funnel.controller.js';
import { FunnelStore } from './funnel/funnel.store.js';
import { EntriesController } from './query/entries.controller.js';
import { EntriesStore } from './query/entries.store.js';
import { ReadRecorder } from './reads/read-recorder.store.js';
import { schema } from './schema.js';
import { Follower } from './search/follower.store.js';
import { WordIndex } from './search/word-index.store.js';
import { TailController } from './tail/tail.controller.js';
import { Tails } from './tail/tails.store.js';
import { TimelineController } from './timeline/timeline.controller.js';
import { TimelineStore } from './timeline/timeline.store.js';
import { MasterKeys } from './seal/master-keys.js';
import { Sealer } from './seal/sealer.store.js';
import { SealingKeys } from './seal/sealing-keys.store.js';
import { CheckpointKeys } from './trail/checkpoint.js';
import { VerifyController } from './verify/verify.controller.js';
import { VerifyStore } from './verify/verify.store.js';

/** A batch costs one statement and one commit however large it is; past this the gain is small. */
const batchSize = 200;
/** So that one batch is written out while PostgreSQL appends another: the chain has one head, and one batch at a time gets it. */
const lanes = 2;
/**
 * Nobody waits for an entry, and whoever waits for an account shares the machine: at 200 events a second, fuller batches took a
 * third off what PostgreSQL computes for the trail.
 */
const lingerMs = { busy: 25, idle: 25 };

/**
 * The trail: every event of the exchange appended once to a hash chain that this service can extend but not change, and the
 * questions ops ask of it.
 */
@Module({})
export class AuditModule {
  static with(config: AuditConfig): DynamicModule {
    return {
      module: AuditModule,
      imports: [databaseModule({ url: config.DATABASE_URL, schema: schema.schema, applicationName: 'billhook-audit' })],
      controllers: [
        AppendConsumer,
        ChainPageController,
        ConsoleAssetsController,
        EntriesController,
        ExportController,
        FunnelController,
        ParkedController,
        SearchController,
        TailController,
        TimelineController,
        VerifyController,
      ],
      providers: [
        AppendStore,
        CheckpointRunner,
        EntriesStore,
        ExportStore,
        Follower,
        FunnelStore,
        OutboxRunner,
        ParkedEntries,
        ReadRecorder,
        RetryRunner,
        Tails,
        TimelineStore,
        VerifyStore,
        WordIndex,
        ...sealing(config),
        ...proving(config),
        ...announcing(config),
        { provide: tokenVerifierToken, useFactory: () => createTokenVerifier(config) },
        { provide: APP_GUARD, useClass: ConsoleGuard },
        { provide: AuditConfig, useValue: config },
        ConsoleGuard,
        ParkedEventsClient,
        {
          provide: BatchTransport,
          inject: [DataSource, ParkedEntries],
          useFactory: (source: DataSource, parked: ParkedEntries) => transport(config, source, parked),
        },
      ],
    };
  }
}

function sealing(config: AuditConfig): Provider[] {
  const indexKey = Buffer.from(config.AUDIT_INDEX_KEY, 'base64');
  const masters = MasterKeys.from(config.AUDIT_MASTER_KEY.map((key) => Buffer.from(key, 'base64')));
  return [
    {
      provide: SealingKeys,
      inject: [DataSource],
      useFactory: (source: DataSource) => new SealingKeys(source, masters),
    },
    { provide: Sealer, inject: [SealingKeys], useFactory: (keys: SealingKeys) => new Sealer(keys, indexKey) },
  ];
}

/** No entry waits longer for its checkpoint. */
const withinSeconds = 60;

function proving(config: AuditConfig): Provider[] {
  const keys = CheckpointKeys.from(config.AUDIT_CHECKPOINT_KEY.map((seed) => Buffer.from(seed, 'base64')));
  const file = new CheckpointFile(config.AUDIT_CHECKPOINT_PATH);
  return [
    { provide: CheckpointKeys, useValue: keys },
    {
      provide: Checkpoints,
      inject: [DataSource],
      useFactory: (source: DataSource) => new Checkpoints(source, { key: keys.current, file, withinSeconds }),
    },
  ];
}

function announcing({ RABBITMQ_URL: url, DATABASE_URL: databaseUrl }: AuditConfig): Provider[] {
  return [
    {
      provide: EventPublisher,
      useFactory: () => new EventPublisher({ url, connectionName: 'billhook-audit-publish' }),
    },
    {
      provide: OutboxRelay,
      inject: [DataSource, EventPublisher],
      useFactory: (dataSource: DataSource, publisher: EventPublisher) =>
        new OutboxRelay({ dataSource, databaseUrl, publisher, schema: schema.schema }),
    },
  ];
}

function transport(config: AuditConfig, dataSource: DataSource, { deadLetters }: ParkedEntries): BatchTransport {
  return new BatchTransport({
    url: config.RABBITMQ_URL,
    connectionName: 'billhook-audit',
    batchSize,
    lanes,
    lingerMs,
    isSurroundingsFailure,
    isReady: async () => (await databaseCheck(dataSource)()).up,
    deadLetters,
  });
}

/** This service as `runService` starts it, and as specs do. */
export function auditService(config: AuditConfig): ServiceOptions {
  return {
    name: 'audit',
    config,
    module: AuditModule.with(config),
    // An event id may have 255 characters, each up to nine when it is escaped; Fastify answers longer than 100 by itself.
    fastify: { routerOptions: { maxParamLength: 9 * 255 } },
    configure: (app) => configureConsole(app, config),
    consumers: (app) => [app.get(BatchTransport)],
    readiness: (app) => ({
      database: databaseCheck(app.get(DataSource)),
      queue: () => app.get(BatchTransport).readiness(),
      publisher: () => app.get(EventPublisher).readiness(),
      checkpoints: () => app.get(CheckpointRunner).readiness(),
    }),
  };
}
