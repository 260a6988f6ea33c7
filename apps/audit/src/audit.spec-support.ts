import { EventPublisher } from '@billhook/messaging';
import type { OutgoingEvent } from '@billhook/messaging';
import { startService } from '@billhook/runtime';
import { createTestBroker, createTestDatabase, startTestIdentityProvider, waitFor } from '@billhook/testing';
import type { TestDatabase } from '@billhook/testing';
import type { INestApplicationContext } from '@nestjs/common';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DataSource } from 'typeorm';
import { AppendStore } from './append/append.store.js';
import { auditService } from './audit.module.js';
import { AuditConfig } from './config.js';
import type { EntryPage, EntryView } from './query/entries.store.js';
import { schema } from './schema.js';
import { Follower } from './search/follower.store.js';
import { Sealer } from './seal/sealer.store.js';
import { toDraft } from './trail/content.js';
import { asSuperuser, madeUpKeys, opened, sealerOn } from './trail.spec-support.js';

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
