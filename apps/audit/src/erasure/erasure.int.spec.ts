import { toHeaders } from '@billhook/contracts';
import type { OutgoingEvent } from '@billhook/messaging';
import { tapEvents, waitFor } from '@billhook/testing';
import type { EventTap } from '@billhook/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect } from 'amqplib';
import { randomUUID } from 'node:crypto';
import { startAudit } from '../audit.spec-support.js';
import type { AuditUnderTest } from '../audit.spec-support.js';
import { aDomainEvent, asSuperuser, opened, wholeSchema } from '../trail.spec-support.js';

const canaries = ['canary@example.test', '203.0.113.99', 'CanaryBrowser/9'];
const from = { remoteaddress: '203.0.113.99', useragent: 'CanaryBrowser/9' };

function requested(userId: string, requestId: string): OutgoingEvent {
  const data = { user_id: userId, request_id: requestId, reason: 'ticket 4711' };
  return aDomainEvent({ type: 'billing.account.erasure_requested', data }, { actor: 'ops:grace', subject: userId });
}

function openedBy(userId: string): OutgoingEvent {
  const data = { user_id: userId, email: 'canary@example.test' };
  return aDomainEvent({ type: 'billing.account.opened', data }, { ...from, actor: `user:${userId}` });
}

describe('F69: an erasure', () => {
  let audit: AuditUnderTest;
  let tap: EventTap;

  beforeAll(async () => {
    audit = await startAudit();
    tap = await tapEvents(audit.brokerUrl);
  });
  afterAll(async () => {
    await tap?.close();
    await audit?.stop();
  });

  const stored = (): Promise<string> =>
    wholeSchema({ asSuperuser: (sql, parameters) => asSuperuser(audit.database.adminUrl, sql, parameters) });

  const completedFor = (userId: string) =>
    tap.events.filter(
      ({ routingKey, body }) =>
        routingKey === 'billing.account.erasure_completed' && String(body).includes(`"${userId}"`),
    );

  /** As the broker gives one up: it is kept byte for byte. */
  async function dies({ attributes, body }: OutgoingEvent): Promise<void> {
    const model = await connect(audit.brokerUrl);
    const channel = await model.createConfirmChannel();
    channel.publish('', 'audit.events.dead', body, { headers: toHeaders(attributes), persistent: true });
    await channel.waitForConfirms();
    await model.close();
    await waitFor('the dead letter to be parked', async () => {
      const rows = await asSuperuser(audit.database.adminUrl, 'SELECT FROM audit.parked_event WHERE event_id = $1', [
        attributes.id,
      ]);
      return rows.length === 1;
    });
  }

  it('leaves no byte of a person in the schema, and is itself an entry of a chain that holds', async () => {
    const requestId = randomUUID();
    await dies(openedBy('gone'));
    await audit.publish(openedBy('gone'), opened('stays', { remoteaddress: '198.51.100.1' }));
    await audit.settled();
    const [parkedHolds] = canaries;
    expect(await stored()).toContain(parkedHolds);
    const request = requested('gone', requestId);
    await audit.publish(request, openedBy('gone'));
    await waitFor('the answer', () => completedFor('gone').length === 1, 10_000);
    await audit.settled();
    const left = await stored();
    expect(canaries.filter((canary) => left.includes(canary))).toEqual([]);
    expect(JSON.parse(String(completedFor('gone')[0]?.body))).toEqual({
      user_id: 'gone',
      request_id: requestId,
      service: 'audit',
      counts: { keys: 1, index_rows: expect.any(Number), parked_events: 1 },
    });
    await waitFor('the answer to be an entry', async () => {
      const found = await audit.entries('user_id=gone&type=billing.account.erasure_completed');
      return found.length === 1;
    });
    const entries = await audit.entries('user_id=gone&limit=200');
    expect(entries.map(({ type }) => type).toSorted()).toEqual([
      'billing.account.erasure_completed',
      'billing.account.erasure_requested',
      'billing.account.opened',
      'billing.account.opened',
    ]);
    const openings = entries.filter(({ type }) => type === 'billing.account.opened');
    expect(openings.map(({ ip, user_agent, erased }) => [ip, user_agent, erased])).toEqual([
      [null, null, true],
      [null, null, true],
    ]);
    expect(await audit.entries('ip=203.0.113.99')).toEqual([]);
    expect(await audit.entries('ip=198.51.100.1')).toHaveLength(1);
    expect((await audit.get('/v1/chain/verify')).body).toMatchObject({ ok: true });
  }, 60_000);

  it('is answered once, however often its request is delivered', async () => {
    const request = requested('twice', randomUUID());
    await audit.publish(openedBy('twice'), request, request);
    await audit.settled();
    await audit.publish(request);
    await audit.settled();
    await waitFor('the answer', () => completedFor('twice').length > 0, 10_000);
    const rows = await asSuperuser(
      audit.database.adminUrl,
      `SELECT count(*)::int AS count FROM audit.outbox
       WHERE type = 'billing.account.erasure_completed' AND attributes->>'subject' = 'twice'`,
    );
    expect(rows).toEqual([{ count: 1 }]);
  }, 60_000);

  it('lets what dies late be parked as a head alone', async () => {
    await audit.publish(openedBy('dying'), requested('dying', randomUUID()));
    await waitFor('the answer', () => completedFor('dying').length === 1, 10_000);
    const late = openedBy('dying');
    await dies(late);
    const sql = 'SELECT headers, body, reason FROM audit.parked_event WHERE event_id = $1';
    expect(await asSuperuser(audit.database.adminUrl, sql, [late.attributes.id])).toEqual([
      { headers: null, body: null, reason: 'redacted' },
    ]);
    expect(await stored()).not.toContain('canary@example.test');
  }, 60_000);

  it('of somebody who was never here leaves a tombstone', async () => {
    await audit.publish(requested('unknown', randomUUID()));
    await waitFor('the answer', () => completedFor('unknown').length === 1, 10_000);
    const late = openedBy('unknown');
    await audit.publish(late);
    await audit.settled();
    const [entry] = (await audit.entries('user_id=unknown')).filter(({ id }) => id === late.attributes.id);
    expect(entry).toMatchObject({ ip: null, data: { user_id: 'unknown', email: null }, erased: true });
    expect(await stored()).not.toContain('canary@example.test');
  }, 60_000);
});
