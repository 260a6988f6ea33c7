import { LiveCatalogue } from '@billhook/catalogue';
import type { Account } from '@billhook/contracts';
import { samples } from '@billhook/contracts';
import { EventPublisher } from '@billhook/messaging';
import { loadConfig, startService } from '@billhook/runtime';
import type { RunningService } from '@billhook/runtime';
import {
  createTestBroker,
  createTestDatabase,
  freePort,
  startTestIdentityProvider,
  tapEvents,
  waitFor,
} from '@billhook/testing';
import type { EventTap, TestDatabase, TestIdentityProvider } from '@billhook/testing';
import type { INestApplicationContext } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { Client, escapeIdentifier } from 'pg';
import { DataSource } from 'typeorm';
import { GatewayConfig } from './config.js';
import { gatewayService } from './gateway.module.js';
import { TestBrowser, toFields } from './test-browser.spec-support.js';
import { schema } from './schema.js';
import { startSimulator } from './simulator.spec-support.js';
import type { Simulator } from './simulator.spec-support.js';

/** A whole gateway on real servers, with the simulator behind a door that can be shut. */
export interface TestGateway {
  url: string;
  publicUrl: string;
  tap: EventTap;
  simulator: Simulator;
  identity: TestIdentityProvider;
  app: INestApplicationContext;
  dataSource: DataSource;
  /** A superuser's, in the gateway's database. */
  adminUrl: string;
  /** Somebody who is signed in. */
  as(userId: string, claims?: { email?: string; roles?: string[]; expiresIn?: string }): Promise<TestBrowser>;
  /** Publishes `billing.account.changed` as the subscription service does. */
  announce(account: Account, options?: { id?: string }): Promise<void>;
  publish(type: string, body: string): Promise<void>;
  /** Another process of the same service: same database and broker. Stopped with the first. */
  startReplica(overrides?: Record<string, string>): Promise<Replica>;
  /** Shuts everybody out of the database until the returned function is called. */
  shutDatabase(): Promise<() => Promise<void>>;
  stop(): Promise<void>;
}

export interface Replica {
  service: RunningService;
  as(userId: string): Promise<TestBrowser>;
}

export const frontend = 'https://app.example.com';

export async function startGateway(overrides: Record<string, string> = {}): Promise<TestGateway> {
  const [database, broker, identity, simulator] = await Promise.all([
    createTestDatabase(schema),
    createTestBroker(),
    startTestIdentityProvider(),
    startSimulator(),
  ]);
  const port = await freePort();
  const publicUrl = `http://localhost:${port}`;
  const environment = {
    ...simulator.stripeSettings,
    PORT: String(port),
    MANAGEMENT_PORT: '0',
    LOG_LEVEL: 'silent',
    DATABASE_URL: database.serviceUrl,
    RABBITMQ_URL: broker.url,
    AUTH_ISSUER: identity.issuer,
    AUTH_AUDIENCE: identity.audience,
    AUTH_JWKS_URL: identity.jwksUrl,
    PUBLIC_URL: publicUrl,
    SIGN_IN_URL: 'https://id.example.com/sign-in',
    DASHBOARD_URL: 'https://app.example.com/dashboard',
    CORS_ORIGINS: frontend,
    ...overrides,
  };
  const tap = await tapEvents(broker.url);
  const start = (changes: Record<string, string> = {}): Promise<RunningService> =>
    startService(gatewayService(loadConfig(GatewayConfig, { ...environment, ...changes }, 'gateway')));
  const service = await start();
  // Specs count what Stripe is asked: nothing more about prices for the next minutes.
  await waitFor('the prices to be compared', async () => {
    const { detail = '' } = await service.app.get(LiveCatalogue).readiness();
    return !detail.includes('not compared');
  });
  const replicas: RunningService[] = [];
  const publisher = new EventPublisher({ url: broker.url, connectionName: 'spec' });
  await publisher.start();
  await waitFor('the publisher', () => publisher.state() === 'up');

  const publish = (type: string, body: string, id: string = randomUUID()): Promise<void> =>
    publisher.publish({
      attributes: { id, source: 'subscription', type, time: new Date().toISOString() },
      body: Buffer.from(body),
    });
  return {
    url: service.url,
    publicUrl,
    tap,
    simulator,
    identity,
    app: service.app,
    dataSource: service.app.get(DataSource),
    adminUrl: database.adminUrl,
    as: async (userId, claims) => {
      const token = await identity.tokenFor({ sub: userId, ...claims });
      return new TestBrowser(service.url, token, publicUrl);
    },
    announce: (account, options) => publish('billing.account.changed', JSON.stringify(account), options?.id),
    publish: (type, body) => publish(type, body),
    startReplica: async (changes) => {
      const replica = await start({ PORT: '0', ...changes });
      replicas.push(replica);
      const as = async (userId: string): Promise<TestBrowser> =>
        new TestBrowser(replica.url, await identity.tokenFor({ sub: userId }), publicUrl);
      return { service: replica, as };
    },
    shutDatabase: () => shutDatabase(database),
    async stop() {
      await publisher.stop();
      await Promise.all(replicas.map((replica) => replica.stop()));
      await service.stop();
      await tap.close();
      await Promise.all([simulator.stop(), identity.close(), database.drop(), broker.drop()]);
    },
  };
}

/** The limit is the database's own, since specs that run beside this one share the role. A superuser is exempt. */
async function shutDatabase({ adminUrl }: TestDatabase): Promise<() => Promise<void>> {
  const name = escapeIdentifier(new URL(adminUrl).pathname.slice(1));
  const admin = new Client({ connectionString: adminUrl });
  await admin.connect();
  await admin.query(`ALTER DATABASE ${name} CONNECTION LIMIT 0`);
  await waitFor('the last connection to end', async () => (await endConnections(admin)) === 0);
  return async () => {
    await admin.query(`ALTER DATABASE ${name} CONNECTION LIMIT -1`);
    await admin.end();
  };
}

/**
 * Ends every other connection to the database and answers how many it found. One that was let in before the limit
 * came is not in `pg_stat_activity` yet: until it is, it holds a lock on the database.
 */
async function endConnections(admin: Client): Promise<number> {
  const entering = await admin.query(
    `SELECT pg_terminate_backend(pid) FROM pg_locks
     WHERE locktype = 'object' AND classid = 'pg_database'::regclass AND pid <> pg_backend_pid()
       AND objid = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  );
  const entered = await admin.query(
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
  );
  return entering.rows.length + entered.rows.length;
}

/** The golden sample's account as somebody else's. */
export function anAccount(userId: string, changes: Partial<Account> = {}): Account {
  return { ...samples['billing.account.changed'], user_id: userId, ...changes };
}

/** What has been published about a user, by type, oldest first. */
export function publishedAbout(
  gateway: TestGateway,
  userId: string,
): { type: string; data: Record<string, unknown> }[] {
  return gateway.tap.events
    .filter((event) => event.attributes['subject'] === userId)
    .map((event) => ({ type: event.routingKey, data: toFields(event.body.toString()) }));
}
