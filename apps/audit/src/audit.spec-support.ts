import { attributesSchema, domainEvents } from '@billhook/contracts';
import type { DomainEvent, EventAttributes } from '@billhook/contracts';
import { dataSourceOptions } from '@billhook/database';
import { EventPublisher } from '@billhook/messaging';
import type { OutgoingEvent } from '@billhook/messaging';
import { startService } from '@billhook/runtime';
import {
  aStripeEvent,
  createTestBroker,
  createTestDatabase,
  startTestIdentityProvider,
  waitFor,
} from '@billhook/testing';
import type { StripeEventOverrides, TestDatabase } from '@billhook/testing';
import { Logger } from '@nestjs/common';
import type { INestApplicationContext } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { AppendStore } from './append/append.store.js';
import { auditService } from './audit.module.js';
import { AuditConfig } from './config.js';
import type { EntryPage, EntryView } from './query/entries.store.js';
import { schema } from './schema.js';
import { Follower } from './search/follower.store.js';
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

export interface AuditUnderTest {
  database: TestDatabase;
  /** For what it provides. */
  app: INestApplicationContext;
  appendStore: AppendStore;
  /** Into the trail, past the broker. */
  append(events: OutgoingEvent[]): Promise<Set<string>>;
  /** The same as another process would. */
  appendBy(dataSource: DataSource, events: OutgoingEvent[]): Promise<Set<string>>;
  superuser(sql: string): Promise<Record<string, unknown>[]>;
  follower: Follower;
  sealer: Sealer;
  brokerUrl: string;
  managementUrl: string;
  url: string;
  /** A token as the gateway's session cookie holds it. */
  tokenFor(roles: string[]): Promise<string>;
  /** Where the service notes its checkpoints. */
  checkpointPath: string;
  publish(...events: OutgoingEvent[]): Promise<void>;
  /** Once it returns, everything published before it has been handled. */
  settled(): Promise<void>;
  /** Whether it stands in the trail: looked up in the database, since a look through the service is an entry of its own. */
  has(eventId: string): Promise<boolean>;
  /** With a token of role ops, unless told otherwise; null sends none. */
  get(path: string, roles?: string[] | null): Promise<{ status: number; type: string | null; body: unknown }>;
  /** As ops, whatever the answer's form. */
  fetch(path: string, init?: { headers?: Record<string, string>; signal?: AbortSignal }): Promise<Response>;
  entries(query: string): Promise<EntryView[]>;
  page(query: string): Promise<EntryPage>;
  /** One more beside it, on the same database, queue and file of checkpoints. */
  startReplica(): Promise<{ stop(): Promise<void> }>;
  stop(): Promise<void>;
}

/** The service with its own database, virtual host and identity provider. `via` may put something before the broker. */
export async function startAudit(
  via: (brokerUrl: string) => Promise<string> = passed,
  subscriptionUrl = 'http://127.0.0.1:9',
): Promise<AuditUnderTest> {
  const [database, broker, provider] = await Promise.all([
    createTestDatabase(schema),
    createTestBroker(),
    startTestIdentityProvider(),
  ]);
  const checkpointPath = join(await mkdtemp(join(tmpdir(), 'billhook-spec-')), 'checkpoints.ndjson');
  const config = Object.assign(new AuditConfig(), {
    PORT: 0,
    MANAGEMENT_PORT: 0,
    LOG_LEVEL: 'silent',
    DATABASE_URL: database.serviceUrl,
    RABBITMQ_URL: await via(broker.url),
    AUTH_ISSUER: provider.issuer,
    AUTH_AUDIENCE: provider.audience,
    AUTH_JWKS_URL: provider.jwksUrl,
    ...madeUpKeys,
    AUDIT_CHECKPOINT_PATH: checkpointPath,
    PUBLIC_URL: 'http://127.0.0.1',
    SIGN_IN_URL: 'http://127.0.0.1:9/sign-in',
    SUBSCRIPTION_URL: subscriptionUrl,
  });
  const service = await startService(auditService(config));
  const publisher = new EventPublisher({ url: broker.url, connectionName: 'spec' });
  await publisher.start();
  await waitFor('the publisher', () => publisher.state() === 'up');

  const get: AuditUnderTest['get'] = async (path, roles = ['ops']) => {
    const token = roles === null ? undefined : await provider.tokenFor({ sub: 'ops-1', roles });
    const headers = token === undefined ? undefined : { authorization: `Bearer ${token}` };
    const response = await fetch(service.url + path, { headers });
    return { status: response.status, type: response.headers.get('content-type'), body: await response.json() };
  };
  const page = async (query: string): Promise<EntryPage> => {
    const { status, body } = await get(`/v1/entries?${query}`);
    if (status !== 200 || !isPage(body)) throw new Error(`answered ${status}: ${JSON.stringify(body)}`);
    return body;
  };
  const has = async (eventId: string): Promise<boolean> => {
    const rows = await asSuperuser(database.adminUrl, 'SELECT FROM audit.entry WHERE event_id = $1', [eventId]);
    return rows.length > 0;
  };
  const publish = async (...events: OutgoingEvent[]): Promise<void> => {
    for (const event of events) await publisher.publish(event);
  };
  return {
    database,
    app: service.app,
    appendStore: service.app.get(AppendStore),
    append: (events) => appendBy(service.app.get(DataSource), events),
    appendBy,
    superuser: (sql) => asSuperuser(database.adminUrl, sql),
    follower: service.app.get(Follower),
    sealer: service.app.get(Sealer),
    brokerUrl: broker.url,
    managementUrl: service.managementUrl,
    url: service.url,
    tokenFor: (roles) => provider.tokenFor({ sub: 'ops-1', roles }),
    checkpointPath,
    publish,
    async settled() {
      const marker = opened('marker');
      await publish(marker);
      await waitFor('the marker', () => has(marker.attributes.id));
    },
    has,
    async fetch(path, init = {}) {
      const token = await provider.tokenFor({ sub: 'ops-1', roles: ['ops'] });
      return fetch(service.url + path, { ...init, headers: { ...init.headers, authorization: `Bearer ${token}` } });
    },
    get,
    page,
    entries: async (query) => (await page(query)).data,
    startReplica: () => startService(auditService(config)),
    async stop() {
      await publisher.stop();
      await service.stop();
      await Promise.all([
        database.drop(),
        broker.drop(),
        provider.close(),
        rm(dirname(checkpointPath), { recursive: true }),
      ]);
    },
  };
}

/** As the service appends, sealed under the made-up keys. */
async function appendBy(dataSource: DataSource, events: OutgoingEvent[]): Promise<Set<string>> {
  return new AppendStore(dataSource).append(await sealerOn(dataSource).seal(events.map(toDraft)));
}

const passed = (url: string): Promise<string> => Promise.resolve(url);

function isPage(body: unknown): body is EntryPage {
  return typeof body === 'object' && body !== null && 'data' in body && 'next_cursor' in body;
}
