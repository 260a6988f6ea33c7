import { parseDomainEvent } from '@billhook/contracts';
import type { Account, DomainEventType, EventData } from '@billhook/contracts';
import { EventPublisher } from '@billhook/messaging';
import type { OutgoingEvent } from '@billhook/messaging';
import { startService } from '@billhook/runtime';
import type { RunningService } from '@billhook/runtime';
import {
  createTestBroker,
  createTestDatabase,
  startTestIdentityProvider,
  started,
  tapEvents,
  waitFor,
} from '@billhook/testing';
import type { StripeEventBody } from '@billhook/testing';
import { Pool } from 'pg';
import type { QueryResultRow } from 'pg';
import { SubscriptionConfig } from './config.js';
import { fromStripe } from './messages.spec-support.js';
import { startPretendStripe } from './pretend-stripe.spec-support.js';
import type { PretendStripe } from './pretend-stripe.spec-support.js';
import { schema } from './schema.js';
import { subscriptionService } from './subscription.module.js';

/** Within the first period of the builders' subscriptions, however late the specs are run: nothing of theirs is overdue. */
const storyClock = (): Date => new Date((started + 26 * 86_400) * 1000);

/** Database, broker and all else that the service needs; the service itself is started by the spec. */
export class World {
  private readonly running = new Set<RunningService>();

  private constructor(
    private readonly parts: Awaited<ReturnType<typeof makeParts>>,
    readonly stripe: PretendStripe,
  ) {}

  static async create(): Promise<World> {
    return new World(await makeParts(), await startPretendStripe());
  }

  get brokerUrl(): string {
    return this.parts.broker.url;
  }

  get databaseUrl(): string {
    return this.parts.database.serviceUrl;
  }

  /** As superuser, in the same database. */
  get databaseAdminUrl(): string {
    return this.parts.database.adminUrl;
  }

  async start(overrides: Partial<SubscriptionConfig> = {}): Promise<RunningService> {
    const { database, broker, identity } = this.parts;
    const config = Object.assign(new SubscriptionConfig(), {
      PORT: 0,
      MANAGEMENT_PORT: 0,
      LOG_LEVEL: 'silent',
      DATABASE_URL: database.serviceUrl,
      RABBITMQ_URL: broker.url,
      STRIPE_SECRET_KEY: 'sk_test_madeUp',
      STRIPE_API_BASE: this.stripe.url,
      CATCH_UP_EVERY_SECONDS: 0,
      SWEEP_EVERY_HOURS: 0,
      SWEEP_SETTLE_SECONDS: 0,
      STRIPE_PRO_MONTHLY_PRICE_ID: 'price_pro_monthly',
      STRIPE_PRO_YEARLY_PRICE_ID: 'price_pro_yearly',
      STRIPE_ELITE_MONTHLY_PRICE_ID: 'price_elite_monthly',
      STRIPE_ELITE_YEARLY_PRICE_ID: 'price_elite_yearly',
      AUTH_ISSUER: identity.issuer,
      AUTH_AUDIENCE: identity.audience,
      AUTH_JWKS_URL: identity.jwksUrl,
      ...overrides,
    });
    const service = await startService(subscriptionService(config, storyClock));
    this.running.add(service);
    return service;
  }

  async stop(service: RunningService): Promise<void> {
    if (this.running.delete(service)) await service.stop();
  }

  async end(): Promise<void> {
    await Promise.all([...this.running].map((service) => this.stop(service)));
    const { publisher, pool, tap, broker, database, identity } = this.parts;
    await Promise.all([publisher.stop(), pool.end(), tap.close(), identity.close(), this.stripe.close()]);
    await Promise.all([broker.drop(), database.drop()]);
  }

  async publish(...events: (StripeEventBody | OutgoingEvent)[]): Promise<void> {
    for (const event of events) await this.parts.publisher.publish('attributes' in event ? event : fromStripe(event));
  }

  async query<T extends QueryResultRow>(sql: string, parameters: unknown[] = []): Promise<T[]> {
    return (await this.parts.pool.query<T>(sql, parameters)).rows;
  }

  /** What became of events, once all of them have been taken and none waits for another try, as after a lock that was missed. */
  async outcomesOf(...ids: string[]): Promise<string[]> {
    const rows = await waitFor(`the outcomes of ${ids.join(', ')}`, async () => {
      const found = await this.query<{ event_id: string; text: string }>(
        `SELECT event_id, concat_ws(' ', outcome, reason) AS text FROM inbox
         WHERE event_id = ANY($1) AND outcome <> 'retrying'`,
        [ids],
      );
      return found.length === new Set(ids).size && found;
    });
    return ids.map((id) => rows.find((row) => row.event_id === id)?.text ?? 'missing');
  }

  async accountOf(userId: string): Promise<Account | undefined> {
    const rows = await this.query<{ body: Account }>('SELECT body FROM account WHERE user_id = $1', [userId]);
    return rows[0]?.body;
  }

  /** Data of the events of one type that were published about a user, in their order. Waits for the outbox to be empty. */
  async told<T extends DomainEventType>(type: T, userId: string): Promise<EventData<T>[]> {
    await this.allTold();
    return this.parts.tap.events.flatMap(({ routingKey, attributes, body }) => {
      if (routingKey !== type || attributes['subject'] !== userId) return [];
      const parsed = parseDomainEvent(type, body.toString());
      if (!parsed.ok) throw new Error(`${type} does not fit its contract: ${parsed.reason}`);
      return [parsed.data];
    });
  }

  /** Types of all that this service published about a subject, in order. */
  async typesToldOf(subject: string): Promise<string[]> {
    await this.allTold();
    const ours = this.parts.tap.events.filter(({ attributes }) => attributes['source'] === 'subscription');
    return ours.filter(({ attributes }) => attributes['subject'] === subject).map(({ routingKey }) => routingKey);
  }

  /** Everything published to the exchange so far. */
  get tapped(): { routingKey: string; attributes: Record<string, unknown>; body: Buffer }[] {
    return this.parts.tap.events;
  }

  private async allTold(): Promise<void> {
    await waitFor('an empty outbox', async () => {
      const unsent = await this.query('SELECT FROM outbox WHERE sent_at IS NULL');
      const sent = await this.query<{ event_id: string }>('SELECT event_id FROM outbox');
      const heard = new Set(this.parts.tap.events.map(({ attributes }) => attributes['id']));
      return unsent.length === 0 && sent.every((row) => heard.has(row.event_id));
    });
  }

  async ops(service: RunningService, path: string, roles = ['ops']): Promise<{ status: number; body: unknown }> {
    return this.send(service, path, { roles });
  }

  /** A POST by somebody with the role ops. */
  async order(service: RunningService, path: string, data: unknown): Promise<{ status: number; body: unknown }> {
    return this.send(service, path, { roles: ['ops'], data });
  }

  private async send(service: RunningService, path: string, { roles, data }: { roles: string[]; data?: unknown }) {
    const token = await this.parts.identity.tokenFor({ sub: 'somebody', roles });
    const authorization = `Bearer ${token}`;
    const response = await fetch(
      service.url + path,
      data === undefined
        ? { headers: { authorization } }
        : {
            method: 'POST',
            headers: { authorization, 'content-type': 'application/json' },
            body: typeof data === 'string' ? data : JSON.stringify(data),
          },
    );
    const body: unknown = await response.json();
    return { status: response.status, body };
  }
}

async function makeParts() {
  const [database, broker, identity] = await Promise.all([
    createTestDatabase(schema),
    createTestBroker(),
    startTestIdentityProvider(),
  ]);
  const pool = new Pool({ connectionString: database.adminUrl, max: 2, options: '-c search_path=subscription' });
  const tap = await tapEvents(broker.url);
  const publisher = new EventPublisher({ url: broker.url, connectionName: 'spec', timeoutMs: 5_000 });
  await publisher.start();
  await waitFor('the publisher', () => publisher.state() === 'up');
  return { database, broker, identity, pool, tap, publisher };
}
