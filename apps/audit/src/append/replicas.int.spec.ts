import { EventPublisher } from '@billhook/messaging';
import type { OutgoingEvent } from '@billhook/messaging';
import { waitFor } from '@billhook/testing';
import { afterEach, describe, expect, it } from '@jest/globals';
import { startAudit } from '../audit.spec-support.js';
import type { AuditUnderTest } from '../audit.spec-support.js';
import { asSuperuser, opened } from '../trail.spec-support.js';

let audit: AuditUnderTest | undefined;
let others: { stop(): Promise<void> }[] = [];

afterEach(async () => {
  await Promise.all(others.map((replica) => replica.stop()));
  others = [];
  await audit?.stop();
  audit = undefined;
});

const idsOf = (name: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${name}-${index}`);
const sealed = (id: string): OutgoingEvent => opened('ada', { id, remoteaddress: '203.0.113.7', actor: 'user:ada' });

async function count({ database }: AuditUnderTest): Promise<number> {
  const [row] = await asSuperuser(
    database.adminUrl,
    "SELECT count(*)::int AS n FROM audit.entry WHERE user_id = 'ada'",
  );
  return Number(row?.['n']);
}

async function listed({ database }: AuditUnderTest): Promise<string[]> {
  const rows = await asSuperuser(
    database.adminUrl,
    "SELECT event_id FROM audit.entry WHERE user_id = 'ada' ORDER BY seq",
  );
  return rows.map((row) => String(row['event_id']));
}

/** In this order on one channel, as many under way at once as a publisher takes without a word. */
async function publishAll(url: string, events: OutgoingEvent[]): Promise<void> {
  const publisher = new EventPublisher({ url, connectionName: 'spec-backlog', timeoutMs: 30_000 });
  await publisher.start();
  await waitFor('the publisher', () => publisher.state() === 'up');
  const together = 500;
  try {
    for (let from = 0; from < events.length; from += together) {
      await Promise.all(events.slice(from, from + together).map((event) => publisher.publish(event)));
    }
  } finally {
    await publisher.stop();
  }
}

describe('F65: a consumer that was away for a day', () => {
  it('appends what has waited in the order in which it came, once each, and the chain holds', async () => {
    const ids = idsOf('waited', 20_000);
    const twice = ids.filter((_, index) => index % 100 === 0);
    const started = await startAudit(async (url) => {
      await publishAll(url, [...ids, ...twice].map(sealed));
      return url;
    });
    audit = started;
    await waitFor('the backlog to be appended', async () => (await count(started)) >= ids.length, 100_000);
    await started.settled();
    expect(await listed(started)).toEqual(ids);
    // And the marker.
    expect((await started.get('/v1/chain/verify')).body).toMatchObject({ ok: true, entries: ids.length + 1 });
  });
});

describe('F66: three replicas', () => {
  it('at one queue write one chain, which one of them signs', async () => {
    const started = await startAudit();
    audit = started;
    others = await Promise.all([started.startReplica(), started.startReplica()]);
    const ids = idsOf('shared', 3_000);
    await publishAll(started.brokerUrl, [...ids, ...ids.slice(0, 500)].map(sealed));
    await waitFor('all of them', async () => (await count(started)) >= ids.length, 60_000);
    await started.settled();
    expect((await listed(started)).toSorted()).toEqual(ids.toSorted());
    expect((await started.get('/v1/chain/verify')).body).toMatchObject({ ok: true, entries: ids.length + 1 });
    await waitFor('the checkpoints', async () => (await signed(started)).length === 3, 10_000);
    expect(await signed(started)).toEqual([1_000, 2_000, 3_000]);
  });
});

/** Those that are due by number; a slow run has one more, for the minute. */
async function signed({ database }: AuditUnderTest): Promise<unknown[]> {
  const due = 'SELECT seq::int FROM audit.checkpoint WHERE seq % 1000 = 0 ORDER BY seq';
  const rows = await asSuperuser(database.adminUrl, due);
  return rows.map((row) => row['seq']);
}
