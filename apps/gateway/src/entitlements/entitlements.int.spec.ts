import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@billhook/testing';
import { anAccount, startGateway } from '../running-gateway.spec-support.js';
import type { TestGateway } from '../running-gateway.spec-support.js';
import type { Answer, TestBrowser } from '../test-browser.spec-support.js';
import { ReadingProgress } from './reading-progress.store.js';

let gateway: TestGateway;
let backend: TestBrowser;
beforeAll(async () => {
  gateway = await startGateway();
  backend = await gateway.as('product-backend', { roles: ['service'] });
  await waitFor('the first look', async () => ageOf(await ask('anybody')) < 60_000);
});
afterAll(() => gateway.stop());

const pathOf = (userId: string): string => `/v1/users/${encodeURIComponent(userId)}/entitlements`;
const ask = (userId: string, headers: Record<string, string> = {}): Promise<Answer> =>
  backend.api('GET', pathOf(userId), undefined, { ...backend.bearer, ...headers });

/** How long ago everything was known to be applied, in milliseconds. */
const ageOf = ({ headers }: Answer): number => Date.now() - Date.parse(headers.get('as-of') ?? '');

async function untilKnown(userId: string, version: number): Promise<Answer> {
  return waitFor(`version ${version}`, async () => {
    const answer = await ask(userId);
    return answer.json['version'] === version && answer;
  });
}

/** Whether every replica that lives has written down its progress after that time. */
async function hasLookedSince(time: Date): Promise<boolean> {
  const [row]: { hasLooked: boolean }[] = await gateway.dataSource.query(
    `SELECT min(seen_at) > $1 AS "hasLooked" FROM reading_progress WHERE seen_at > now() - interval '30 seconds'`,
    [time],
  );
  return row?.hasLooked === true;
}

describe('GET /v1/users/:id/entitlements', () => {
  it('says what any user may do, to the product’s own backend', async () => {
    const account = anAccount('asked-about', { version: 4 });
    await gateway.announce(account);
    const { json, headers } = await untilKnown('asked-about', 4);
    expect(json).toEqual({
      user_id: 'asked-about',
      tier: account.tier,
      tier_name: account.tier_name,
      entitlements: account.entitlements,
      version: 4,
      as_of: expect.stringMatching(/^20\d\d-.*Z$/),
    });
    expect(headers.get('cache-control')).toBe('private, no-cache');
    expect(headers.get('as-of')).toBe(json['as_of']);
  });

  it.each(['ann@example.com', 'auth0|5f7c', 'ü'.repeat(255), 'a/b', '100%'])('takes %s for a user', async (userId) => {
    const { status, json } = await ask(userId);
    expect([status, json['user_id'], json['tier_name'], json['version']]).toEqual([200, userId, 'free', 0]);
  });

  it('answers 304 to who knows it, also after a time, and the whole once something has changed', async () => {
    await gateway.announce(anAccount('revisited', { version: 1 }));
    const tag = (await untilKnown('revisited', 1)).headers.get('etag') ?? '';
    const again = await ask('revisited', { 'if-none-match': tag });
    expect([again.status, again.text, again.headers.get('etag')]).toEqual([304, '', tag]);
    expect(again.headers.get('as-of')).toMatch(/Z$/);
    await gateway.announce(anAccount('revisited', { version: 2 }));
    await untilKnown('revisited', 2);
    const changed = await ask('revisited', { 'if-none-match': tag });
    expect([changed.status, changed.json['version']]).toEqual([200, 2]);
    expect(changed.headers.get('etag')).not.toBe(tag);
  });

  it.each([
    ['a user', ['user']],
    ['ops', ['ops']],
  ])('refuses %s, about themselves too', async (_, roles) => {
    const user = await gateway.as('curious', { roles });
    const answer = await user.api('GET', pathOf('curious'));
    expect([answer.status, answer.json['code']]).toEqual([403, 'role_missing']);
  });

  it('creates no account by being asked, neither for the asked nor for the asking', async () => {
    await ask('never-seen');
    const rows: unknown[] = await gateway.dataSource.query(
      `SELECT 1 FROM app_user WHERE user_id IN ('never-seen', 'product-backend')`,
    );
    expect(rows).toEqual([]);
  });
});

describe('as_of', () => {
  it('is now while nothing waits', async () => {
    await waitFor('a fresh look', async () => ageOf(await ask('fresh')) < 2_000);
    const first = (await ask('fresh')).json['as_of'];
    await waitFor('the next look', async () => (await ask('fresh')).json['as_of'] !== first);
  });

  it('stands still while something that was announced is not applied, and goes on once it is', async () => {
    const runner = gateway.dataSource.createQueryRunner();
    await runner.connect();
    await runner.startTransaction();
    // Whoever applies an account waits for this lock, as behind a slow database.
    await runner.query('SET LOCAL idle_in_transaction_session_timeout = 0');
    await runner.query('LOCK TABLE account IN EXCLUSIVE MODE');
    await gateway.announce(anAccount('delayed', { version: 1 }));
    const announcedAt = Date.now();
    await waitFor('a look that began after it', () => hasLookedSince(new Date(announcedAt + 1_000)));
    const meanwhile = await ask('delayed');
    expect(meanwhile.json['version']).toBe(0);
    expect(Date.parse(String(meanwhile.json['as_of']))).toBeLessThanOrEqual(announcedAt);
    await runner.rollbackTransaction();
    await runner.release();
    await untilKnown('delayed', 1);
    await waitFor(
      'as_of to go on',
      async () => Date.parse((await ask('delayed')).headers.get('as-of') ?? '') > announcedAt,
    );
  });

  it('is held back by another replica that has something in hand, until that is dead for half a minute', async () => {
    const setReplica = (seenSecondsAgo: number): Promise<unknown> =>
      gateway.dataSource.query(
        `INSERT INTO reading_progress VALUES ('11111111-1111-4111-8111-111111111111', now() - make_interval(secs => $1),
           now() - interval '20 minutes')
         ON CONFLICT (replica) DO UPDATE SET seen_at = excluded.seen_at`,
        [seenSecondsAgo],
      );
    await setReplica(0);
    expect(ageOf(await ask('held'))).toBeGreaterThan(19 * 60_000);
    await setReplica(31);
    await waitFor('a fresh look', async () => ageOf(await ask('held')) < 3_000);
  });

  it('is not held back by a replica that was stopped', async () => {
    const replica = await gateway.startReplica();
    await waitFor('both to look', async () => {
      const rows: unknown[] = await gateway.dataSource.query(
        `SELECT 1 FROM reading_progress WHERE seen_at > now() - interval '3 seconds'`,
      );
      return rows.length === 2;
    });
    await replica.service.app.get(ReadingProgress).beforeApplicationShutdown();
    const rows: unknown[] = await gateway.dataSource.query(
      `SELECT 1 FROM reading_progress WHERE seen_at = '-infinity'`,
    );
    expect(rows).toHaveLength(1);
  });
});
