import { samples } from '@billhook/contracts';
import { dataSourceOptions, inTransaction, maintain } from '@billhook/database';
import type { ServiceSchema } from '@billhook/database';
import { createTestBroker, createTestDatabase, tapEvents, waitFor } from '@billhook/testing';
import type { EventTap, TestBroker, TestDatabase } from '@billhook/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { connect } from 'amqplib';
import { DataSource } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { eventId } from './event-id.js';
import type { OutgoingEvent } from './event.js';
import type { MessagingLog } from './log.js';
import { OutboxRelay } from './outbox.relay.js';
import { Outbox } from './outbox.store.js';
import type { OutboxEvent } from './outbox.store.js';
import { EventPublisher } from './publisher.relay.js';
import { createOutboxTable } from './tables.store.js';
import { declareTopology } from './topology.relay.js';

class OutboxTable1764000000002 implements MigrationInterface {
  readonly name = 'OutboxTable1764000000002';
  up(queryRunner: QueryRunner): Promise<void> {
    return createOutboxTable(queryRunner);
  }
  async down(): Promise<void> {}
}

const service: ServiceSchema = { schema: 'gateway', migrations: [OutboxTable1764000000002] };
const quiet: MessagingLog = { info: () => undefined, warn: () => undefined, error: () => undefined };
const at = new Date('2026-11-23T12:00:00.000Z');

let database: TestDatabase;
let dataSource: DataSource;
let broker: TestBroker;
let publisher: EventPublisher;
let tap: EventTap;
let relays: OutboxRelay[];

beforeAll(async () => {
  [database, broker] = await Promise.all([createTestDatabase(service), createTestBroker()]);
  dataSource = await new DataSource(
    dataSourceOptions({ url: database.serviceUrl, schema: 'gateway', applicationName: 'outbox-spec' }),
  ).initialize();
  publisher = new EventPublisher({ url: broker.url, connectionName: 'outbox-spec', log: quiet });
  await publisher.start();
  await waitFor('the publisher', () => publisher.state() === 'up');
});
afterAll(async () => {
  await publisher.stop();
  await dataSource.destroy();
  await Promise.all([database.drop(), broker.drop()]);
});
beforeEach(async () => {
  relays = [];
  tap = await tapEvents(broker.url);
  await dataSource.query('UPDATE outbox SET sent_at = now() WHERE sent_at IS NULL');
});
afterEach(async () => {
  await Promise.all(relays.map((relay) => relay.stop()));
  await tap.close();
});

async function aRelay(through: EventPublisher = publisher, log: MessagingLog = quiet): Promise<OutboxRelay> {
  const relay = new OutboxRelay({
    dataSource,
    databaseUrl: database.serviceUrl,
    publisher: through,
    schema: 'gateway',
    log,
  });
  relays.push(relay);
  await relay.start();
  return relay;
}

function opened(causeId: string, overrides: Partial<OutboxEvent> = {}): OutboxEvent {
  const data = samples['billing.account.opened'];
  return { event: { type: 'billing.account.opened', data }, causeId, subject: data.user_id, at, ...overrides };
}
function append(...events: OutboxEvent[]): Promise<void> {
  return inTransaction(dataSource, (manager) => new Outbox().append(manager, 'gateway', events));
}
const causes = (): unknown[] => tap.events.map((event) => event.attributes['causeid']);
async function unsent(): Promise<number> {
  const rows: { count: string }[] = await dataSource.query('SELECT count(*) FROM outbox WHERE sent_at IS NULL');
  return Number(rows[0]?.count);
}

describe('Outbox and OutboxRelay', () => {
  it('publishes what a transaction committed, with its envelope', async () => {
    await aRelay();
    await append(
      opened('req_1', { actor: 'user:user-1', remoteAddress: '203.0.113.7', userAgent: 'spec', requestId: 'r' }),
    );
    await waitFor('the event', () => tap.events.length === 1);
    expect(tap.events[0]).toMatchObject({
      routingKey: 'billing.account.opened',
      attributes: {
        id: eventId('req_1', 'billing.account.opened', 'user-1'),
        source: 'gateway',
        type: 'billing.account.opened',
        subject: 'user-1',
        time: at.toISOString(),
        causeid: 'req_1',
        dataversion: 1,
        actor: 'user:user-1',
        remoteaddress: '203.0.113.7',
        useragent: 'spec',
        requestid: 'r',
      },
    });
    expect(JSON.parse(String(tap.events[0]?.body))).toEqual(samples['billing.account.opened']);
    await waitFor('its mark', async () => (await unsent()) === 0);
  });

  it('keeps every character of each event, whatever it is and whoever stands beside it', async () => {
    await aRelay();
    const emails = ['a\0b', '\ud800 half', 'ünï 🐑', '"\\{}', ''];
    await append(
      ...emails.map((email, index) =>
        opened(`req_odd_${index}`, {
          event: { type: 'billing.account.opened', data: { user_id: `user-${index}`, email } },
          userAgent: `agent ${index} "ü\0`,
        }),
      ),
    );
    await waitFor('the events', () => tap.events.length === emails.length);
    expect(tap.events.map(({ body }) => JSON.parse(String(body)))).toEqual(
      emails.map((email, index) => ({ user_id: `user-${index}`, email })),
    );
    expect(tap.events.map(({ attributes }) => attributes['useragent'])).toEqual(
      emails.map((_, index) => `agent ${index} "ü\0`),
    );
  });

  it('publishes nothing of a transaction that was rolled back', async () => {
    await aRelay();
    const rolledBack = inTransaction(dataSource, async (manager) => {
      await new Outbox().append(manager, 'gateway', [opened('req_never')]);
      throw new Error('rolled back');
    });
    await expect(rolledBack).rejects.toThrow('rolled back');
    await append(opened('req_after'));
    await waitFor('the next event', () => tap.events.length === 1);
    expect(causes()).toEqual(['req_after']);
  });

  it('keeps the order, also beyond one batch, and wakes long before its poll', async () => {
    const ids = Array.from({ length: 450 }, (_, index) => `req_${index}`);
    await append(...ids.map((id) => opened(id)));
    await aRelay();
    await waitFor('all events', () => tap.events.length === 450);
    expect(causes()).toEqual(ids);
    const begin = performance.now();
    await append(opened('req_woken'));
    await waitFor('the woken relay', () => tap.events.length === 451);
    expect(performance.now() - begin).toBeLessThan(4_000);
  });

  it('lets one relay publish while the other stands by, and the other take over', async () => {
    const [first] = [await aRelay(), await aRelay()];
    await append(opened('req_both'));
    await waitFor('the event', () => tap.events.length === 1);
    await waitFor('its mark', async () => (await unsent()) === 0);
    await first.stop();
    await append(opened('req_after_first'));
    await waitFor('the take-over', () => tap.events.length === 2);
    expect(causes()).toEqual(['req_both', 'req_after_first']);
  });

  it('keeps rows while the broker is away and sends them when it is back', async () => {
    const late = new EventPublisher({ url: broker.url, connectionName: 'late', log: quiet });
    await aRelay(late);
    await append(opened('req_waits'));
    await waitFor('the relay to hold the lock', async () => {
      const rows: unknown[] = await dataSource.query(
        `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted
           AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
      );
      return rows.length > 0;
    });
    expect(await unsent()).toBe(1);
    await late.start();
    await waitFor('the event', () => tap.events.length === 1);
    await waitFor('its mark', async () => (await unsent()) === 0);
    await Promise.all(relays.map((relay) => relay.stop()));
    await late.stop();
  });

  it('takes over by itself when its own connection is cut', async () => {
    await aRelay();
    await append(opened('req_before'));
    await waitFor('the event', () => tap.events.length === 1);
    await dataSource.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'billhook-relay-gateway' AND datname = current_database()",
    );
    await append(opened('req_after_cut'));
    await waitFor('the relay to be back', () => causes().includes('req_after_cut'));
  });

  it('holds everything back while a consumer has no queue, even where another queue would take it', async () => {
    const queue = 'gateway.accounts';
    const model = await connect(broker.url);
    const channel = await model.createChannel();
    await channel.deleteQueue(queue);
    const late = new EventPublisher({ url: broker.url, connectionName: 'late', log: quiet });
    await late.start();
    await waitFor('the publisher to see it', () => late.missingQueues().length > 0);
    await append(opened('req_held'));
    const waits: string[] = [];
    await aRelay(late, { ...quiet, warn: (_fields, message) => waits.push(message) });
    await waitFor('the relay to wait', () => waits.includes('the outbox waits'));
    expect([await unsent(), causes()]).toEqual([1, []]);
    await declareTopology({ url: broker.url });
    await waitFor('the event', () => tap.events.length === 1, 15_000);
    // The tap may have its copy before the queue has: only the confirm, after which the row is marked, speaks for both.
    await waitFor('its mark', async () => (await unsent()) === 0);
    expect(await channel.checkQueue(queue)).toMatchObject({ messageCount: 1 });
    await Promise.all(relays.map((relay) => relay.stop()));
    await late.stop();
    await model.close();
  });

  it('sends the rows around one that cannot be read', async () => {
    await append(opened('req_before'), opened('req_broken'), opened('req_behind'));
    await dataSource.query(
      "UPDATE outbox SET attributes = '{}' WHERE sent_at IS NULL AND attributes->>'causeid' = 'req_broken'",
    );
    await aRelay();
    await waitFor('its neighbours', () => tap.events.length === 2);
    expect(causes()).toEqual(['req_before', 'req_behind']);
    await waitFor('their marks', async () => (await unsent()) === 1);
  });

  it('lets the upkeep of its schema run beside it', async () => {
    await aRelay();
    await append(opened('req_upkeep'));
    await waitFor('the event', () => tap.events.length === 1);
    const { adminUrl, serviceUrl } = database;
    const done = maintain({ adminUrl, serviceUrl, schema: 'gateway', tasks: [() => Promise.resolve(['swept'])] });
    expect(await done).toEqual(['swept']);
  });

  it('keeps the order of a subject whose first row was committed after rows with higher ids', async () => {
    const late = dataSource.createQueryRunner();
    await late.startTransaction();
    await new Outbox().append(late.manager, 'gateway', [opened('req_first', { subject: 'user-late' })]);
    await append(...Array.from({ length: 600 }, (_, index) => opened(`req_other_${index}`)));
    const held = new HeldPublisher({ url: broker.url, connectionName: 'held', log: quiet });
    await held.start();
    await waitFor('the publisher', () => held.state() === 'up');
    await aRelay(held);
    await waitFor('three batches under way', () => held.waiting === 600);
    await late.commitTransaction();
    await late.release();
    await append(opened('req_second', { subject: 'user-late' }));
    held.letGo();
    await waitFor('all events', () => tap.events.length === 602);
    const ofSubject = tap.events.filter(({ attributes }) => attributes['subject'] === 'user-late');
    expect(ofSubject.map(({ attributes }) => attributes['causeid'])).toEqual(['req_first', 'req_second']);
    await Promise.all(relays.map((relay) => relay.stop()));
    await held.stop();
  });
});

/** Publishes nothing before it is let go, as a broker that takes its time would. */
class HeldPublisher extends EventPublisher {
  waiting = 0;
  private readonly gate = Promise.withResolvers<void>();

  letGo(): void {
    this.gate.resolve();
  }

  override async publish(event: OutgoingEvent): Promise<void> {
    this.waiting += 1;
    await this.gate.promise;
    return super.publish(event);
  }
}
