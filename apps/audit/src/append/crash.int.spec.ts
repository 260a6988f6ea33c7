import { startCableProxy, waitFor } from '@billhook/testing';
import type { CableProxy } from '@billhook/testing';
import { afterEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { startAudit } from '../audit.spec-support.js';
import type { AuditUnderTest } from '../audit.spec-support.js';
import { asSuperuser, opened } from '../trail.spec-support.js';

describe('a crash between append and ack', () => {
  let audit: AuditUnderTest | undefined;
  let cable: CableProxy | undefined;

  afterEach(async () => {
    await audit?.stop();
    await cable?.close();
  });

  it('leaves one entry: what was appended and not acknowledged comes again and is known', async () => {
    const started = await startAudit(async (url) => {
      cable = await startCableProxy(url);
      return cable.url;
    });
    audit = started;
    await started.settled();
    // Whoever holds the lock keeps the append from returning: long enough to pull the cable while it is at work.
    const holder = new pg.Client({ connectionString: started.database.adminUrl });
    await holder.connect();
    await holder.query(`SELECT pg_advisory_lock('audit.entry'::regclass::oid::bigint)`);
    // Sealed: what is found of it outside the chain must not double either.
    const event = opened('crash', { remoteaddress: '203.0.113.7', actor: 'user:crash' });
    const duplicatesBefore = await duplicates(started);
    await started.publish(event);
    await waitFor('the append to wait for the lock', async () => {
      const rows = await asSuperuser(
        started.database.adminUrl,
        `SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
           AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
      );
      return rows.length === 1;
    });
    cable?.pull();
    await holder.end();
    await waitFor('the entry', () => started.has(event.attributes.id));
    cable?.mend();
    await started.settled();
    expect(await duplicates(started)).toBe(duplicatesBefore + 1);
    const { body } = await started.get('/v1/chain/verify');
    // The marker before, the event, the marker after: nothing doubled, no seq missing.
    expect(body).toMatchObject({ ok: true, entries: 3 });
    expect(await started.entries('user_id=crash')).toHaveLength(1);
    expect(await started.entries('ip=203.0.113.7')).toHaveLength(1);
    // Behind the two markers come the looks of this spec.
    expect(await started.superuser('SELECT seq::int FROM audit.blind_index WHERE seq <= 3')).toEqual([{ seq: 2 }]);
  });
});

async function duplicates({ managementUrl }: AuditUnderTest): Promise<number> {
  const metrics = await (await fetch(`${managementUrl}/metrics`)).text();
  return Number(/^billhook_audit_events_total\{outcome="duplicate"\} (\d+)$/m.exec(metrics)?.[1] ?? 0);
}
