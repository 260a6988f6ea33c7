import { attributesSchema, domainEvents } from '@billhook/contracts';
import type { DomainEvent, EventAttributes } from '@billhook/contracts';
import { dataSourceOptions } from '@billhook/database';
import type { OutgoingEvent } from '@billhook/messaging';
import { aStripeEvent, createTestDatabase } from '@billhook/testing';
import type { StripeEventOverrides, TestDatabase } from '@billhook/testing';
import { Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { AppendStore } from './append/append.store.js';
import { schema } from './schema.js';
import { MasterKeys } from './seal/master-keys.js';
import type { SealedEntry } from './seal/sealed-entry.js';
import { Sealer } from './seal/sealer.store.js';
import { SealingKeys } from './seal/sealing-keys.store.js';
import { CheckpointKeys } from './trail/checkpoint.js';
import { toDraft } from './trail/content.js';

/** A domain event as our services publish it. */
export function aDomainEvent(event: DomainEvent, overrides: Partial<EventAttributes> = {}): OutgoingEvent {
  const attributes = attributesSchema.parse({
    id: randomUUID(),
    source: 'spec',
    type: event.type,
    time: '2026-11-23T09:00:00.000Z',
    dataversion: domainEvents[event.type].version,
    ...overrides,
  });
  return { attributes, body: Buffer.from(JSON.stringify(event.data)) };
}

export const opened = (userId: string, overrides: Partial<EventAttributes> = {}): OutgoingEvent =>
  aDomainEvent({ type: 'billing.account.opened', data: { user_id: userId, email: null } }, overrides);

/** An event of Stripe's as the ingress publishes it. */
export function aStripeDelivery(type: string, object: object, overrides: StripeEventOverrides = {}): OutgoingEvent {
  const event = aStripeEvent(type, object, overrides);
  const attributes = attributesSchema.parse({
    id: event.id,
    source: 'stripe',
    type: `stripe.${type}`,
    time: new Date(event.created * 1000).toISOString(),
    actor: 'stripe',
    receivedat: '2026-11-23T09:00:01.000Z',
    livemode: false,
    apiversion: event.api_version,
  });
  return { attributes, body: Buffer.from(JSON.stringify(event)) };
}

/** Since 2025-03-31 all that ties a payment to its invoice; it names no customer. */
export const anInvoicePayment = (invoice: string | object) => ({
  id: `inpay_${randomUUID().replaceAll('-', '')}`,
  object: 'invoice_payment',
  amount_paid: 999,
  amount_requested: 999,
  created: 1_795_392_000,
  currency: 'usd',
  invoice,
  is_default: true,
  livemode: false,
  payment: { payment_intent: 'pi_1', type: 'payment_intent' },
  status: 'paid',
  status_transitions: { canceled_at: null, paid_at: 1_795_392_000 },
});

/** Made up, and visibly so. */
export const madeUpKeys = {
  AUDIT_MASTER_KEY: [Buffer.alloc(32, 'made-up master key ').toString('base64')],
  AUDIT_INDEX_KEY: Buffer.alloc(32, 'made-up index key ').toString('base64'),
  AUDIT_CHECKPOINT_KEY: [Buffer.alloc(32, 'made-up checkpoint key ').toString('base64')],
};

export const checkpointKeys = CheckpointKeys.from([Buffer.alloc(32, 'made-up checkpoint key ')]);

export function sealerOn(dataSource: DataSource, masterKeys = madeUpKeys.AUDIT_MASTER_KEY): Sealer {
  const masters = MasterKeys.from(masterKeys.map((key) => Buffer.from(key, 'base64')));
  return new Sealer(new SealingKeys(dataSource, masters), Buffer.from(madeUpKeys.AUDIT_INDEX_KEY, 'base64'));
}

export interface Trail {
  database: TestDatabase;
  /** As the service's own role. */
  dataSource: DataSource;
  sealer: Sealer;
  /** As `append_entries` takes them. */
  seal(events: OutgoingEvent[]): Promise<SealedEntry[]>;
  append(events: OutgoingEvent[]): Promise<Set<string>>;
  appendSealed(entries: SealedEntry[]): Promise<Set<string>>;
  /** As the sealer has them. */
  masterKeys: string[];
  /** Anything at all, but for what a trigger refuses. */
  asSuperuser(sql: string, parameters?: unknown[]): Promise<Record<string, unknown>[]>;
  /** What only the owner of the whole server can do: the same with every trigger switched off. */
  tamper(sql: string): Promise<void>;
  /** As if nothing had ever been recorded. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

/** The table and its one function, without a service around them. */
export async function openTrail(): Promise<Trail> {
  // Each refused statement would be logged as a warning, and being refused is what these specs are about.
  Logger.overrideLogger(false);
  const database = await createTestDatabase(schema);
  const dataSource = await connect(database);
  const store = new AppendStore(dataSource);
  const sealer = sealerOn(dataSource);
  const seal = (events: OutgoingEvent[]): Promise<SealedEntry[]> => sealer.seal(events.map(toDraft));
  return {
    database,
    dataSource,
    sealer,
    seal,
    masterKeys: madeUpKeys.AUDIT_MASTER_KEY,
    appendSealed: (entries) => store.append(entries),
    append: async (events) => store.append(await seal(events)),
    asSuperuser: (sql, parameters) => asSuperuser(database.adminUrl, sql, parameters),
    tamper: (sql) => tamper(database.adminUrl, sql),
    clear: () =>
      tamper(
        database.adminUrl,
        `TRUNCATE audit.entry, audit.entry_id, audit.chain_head, audit.month_end, audit.checkpoint, audit.customer_link, audit.object_link,
                  audit.blind_index, audit.sealing_key`,
      ),
    async close() {
      await dataSource.destroy();
      await database.drop();
    },
  };
}

/** Every row of every table of the schema as text, bytes read as UTF-8 where they are. */
export async function wholeSchema({ asSuperuser }: Pick<Trail, 'asSuperuser'>): Promise<string> {
  const tables = await asSuperuser(`
    SELECT format('%I.%I', nspname, relname) AS name FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
    WHERE nspname = 'audit' AND relkind = 'r'`);
  const texts: string[] = [];
  for (const { name } of tables) {
    const rows = await asSuperuser(`SELECT * FROM ${String(name)}`);
    for (const value of rows.flatMap((row) => Object.values(row))) {
      texts.push(Buffer.isBuffer(value) ? value.toString('latin1') : JSON.stringify(value));
    }
  }
  return texts.join('\n');
}

/** Each partition has triggers of its own. */
const everyTrigger = (change: string): string => `
  DO $$ DECLARE t record; BEGIN
    FOR t IN SELECT tgrelid::regclass AS relation, tgname AS name FROM pg_trigger
             WHERE NOT tgisinternal AND tgname LIKE '%is_append_only' ORDER BY tgrelid LOOP
      EXECUTE format('ALTER TABLE ONLY %s ${change} TRIGGER %I', t.relation, t.name);
    END LOOP;
  END $$`;

/** What only the owner of the whole server can do. */
export async function tamper(adminUrl: string, sql: string): Promise<void> {
  await asSuperuser(adminUrl, `${everyTrigger('DISABLE')}; ${sql}; ${everyTrigger('ENABLE ALWAYS')}`);
}

export function connect(database: TestDatabase): Promise<DataSource> {
  const options = dataSourceOptions({
    url: database.serviceUrl,
    schema: 'audit',
    applicationName: 'spec',
    poolSize: 2,
  });
  return new DataSource(options).initialize();
}

export async function asSuperuser(
  adminUrl: string,
  sql: string,
  parameters: unknown[] = [],
): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(sql, parameters);
    return rows;
  } finally {
    await client.end();
  }
}
