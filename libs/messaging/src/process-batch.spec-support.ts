import { dataSourceOptions } from '@billhook/database';
import type { ServiceSchema } from '@billhook/database';
import { createTestDatabase } from '@billhook/testing';
import type { TestDatabase } from '@billhook/testing';
import { afterAll, beforeAll, beforeEach } from '@jest/globals';
import { DataSource } from 'typeorm';
import type { EntityManager, MigrationInterface, QueryRunner } from 'typeorm';
import type { Delivery, Outcome, Settlement } from './event.js';
import type { MessagingLog } from './log.js';
import { createBatchProcessor } from './process-batch.store.js';
import type { BatchProcessorOptions, ProcessBatch } from './process-batch.store.js';
import { RetryRunner } from './retry-runner.store.js';
import { addRetries, createInboxTables, createOutboxTable } from './tables.store.js';

class ProcessBatchTables1764000000011 implements MigrationInterface {
  readonly name = 'ProcessBatchTables1764000000011';
  async up(queryRunner: QueryRunner): Promise<void> {
    await createInboxTables(queryRunner);
    await createOutboxTable(queryRunner);
    await queryRunner.query('CREATE TABLE effect (event_id text NOT NULL)');
    await queryRunner.query('GRANT ALL ON effect TO PUBLIC');
  }
  async down(): Promise<void> {}
}

class AddRetries1764000000012 implements MigrationInterface {
  readonly name = 'AddRetries1764000000012';
  readonly transaction = false;
  async up(queryRunner: QueryRunner): Promise<void> {
    await addRetries(queryRunner);
    // An interrupted migration is run again from its beginning.
    await addRetries(queryRunner);
  }
  async down(): Promise<void> {}
}

const schema: ServiceSchema = {
  schema: 'subscription',
  migrations: [ProcessBatchTables1764000000011, AddRetries1764000000012],
};
const quiet: MessagingLog = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** A service that consumes one queue: its tables on a database of its own, emptied before each test, and its retries. */
export class BatchWorld {
  /** Another one is another process. */
  runner = new RetryRunner();

  private constructor(
    private readonly database: TestDatabase,
    readonly dataSource: DataSource,
  ) {}

  static async open(): Promise<BatchWorld> {
    const database = await createTestDatabase(schema);
    const options = {
      url: database.serviceUrl,
      schema: 'subscription',
      applicationName: 'process-batch-spec',
    } as const;
    const world = new BatchWorld(database, await new DataSource(dataSourceOptions(options)).initialize());
    await world.asAdmin(`DO $$ BEGIN
      EXECUTE format('ALTER DATABASE %I SET deadlock_timeout = ''100ms''', current_database());
    END $$`);
    return world;
  }

  async close(): Promise<void> {
    await this.dataSource.destroy();
    await this.database.drop();
  }

  async empty(): Promise<void> {
    this.runner = new RetryRunner();
    await this.asAdmin('TRUNCATE inbox, attempt, parked_event, outbox, effect');
  }

  async asAdmin(sql: string): Promise<void> {
    const admin = await new DataSource({
      type: 'postgres',
      url: this.database.adminUrl,
      installExtensions: false,
    }).initialize();
    await admin.query('SET search_path = subscription');
    await admin.query(sql);
    await admin.destroy();
  }

  aProcessor(overrides: Partial<BatchProcessorOptions> = {}): ProcessBatch {
    return createBatchProcessor({
      dataSource: this.dataSource,
      consumer: 'spec',
      outboxSource: 'subscription',
      retries: this.runner,
      retryAfterMs: () => 0,
      apply: recordEffect,
      log: quiet,
      ...overrides,
    });
  }

  async column(sql: string): Promise<unknown[]> {
    const rows: Record<string, unknown>[] = await this.dataSource.query(sql);
    return rows.map((row) => Object.values(row)[0]);
  }

  effects(): Promise<unknown[]> {
    return this.column('SELECT event_id FROM effect ORDER BY event_id');
  }

  makeDue(): Promise<unknown> {
    return this.dataSource.query('UPDATE parked_event SET retry_at = now() WHERE retry_at > now()');
  }

  parkedRows(): Promise<unknown[]> {
    return this.dataSource.query('SELECT event_id, attempts, retry_at FROM parked_event ORDER BY event_id');
  }

  async isParked(id: string): Promise<boolean> {
    const rows = await this.column(`SELECT event_id FROM inbox WHERE outcome = 'parked' AND event_id = '${id}'`);
    return rows.length > 0;
  }

  attempts(): Promise<unknown[]> {
    return this.column('SELECT attempts FROM attempt ORDER BY event_id');
  }

  /** Data of every `billing.event.parked`, in order. */
  async announced(): Promise<unknown[]> {
    const bodies = await this.column("SELECT convert_from(body, 'utf8') FROM outbox ORDER BY id");
    return bodies.map((body) => JSON.parse(String(body)));
  }
}

/** One for all tests of a file. */
export function useBatchWorld(): () => BatchWorld {
  let world: BatchWorld | undefined;
  beforeAll(async () => {
    world = await BatchWorld.open();
  });
  beforeEach(() => world?.empty());
  afterAll(() => world?.close());
  return () => {
    if (world === undefined) throw new Error('the tests have not begun');
    return world;
  };
}

/** The effect of the service under test: a row per event, so that a second effect would be a second row. */
export async function recordEffect(manager: EntityManager, deliveries: Delivery[]): Promise<Outcome[]> {
  const ids = deliveries.map(({ attributes }) => attributes.id);
  await manager.query('INSERT INTO effect SELECT unnest($1::text[])', [ids]);
  return deliveries.map(() => ({ kind: 'applied' }));
}

/** Fails for one event, as a broken invariant would, after having written something that must not stay. */
export function failingFor(poison: string, error = new Error('broken invariant')): BatchProcessorOptions['apply'] {
  return async (manager, deliveries) => {
    const outcomes = await recordEffect(manager, deliveries);
    if (deliveries.some((delivery) => delivery.attributes.id === poison)) throw error;
    return outcomes;
  };
}

export function aDelivery(id: string, overrides: Partial<Delivery> = {}): Delivery {
  const attributes = { id, source: 'stripe', type: 'stripe.invoice.paid', time: '2026-11-23T12:00:00.000Z' };
  return { attributes, body: Buffer.from(`{"id":"${id}"}`), redelivered: false, ...overrides };
}

export function again(id: string): Delivery {
  return aDelivery(id, { redelivered: true });
}

export function kinds(settlements: Settlement[]): string[] {
  return settlements.map((settlement) => settlement.kind);
}
