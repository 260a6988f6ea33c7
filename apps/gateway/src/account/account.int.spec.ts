import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { accountSchema } from '@billhook/contracts';
import type { Account } from '@billhook/contracts';
import { waitFor } from '@billhook/testing';
import { anAccount, startGateway } from '../running-gateway.spec-support.js';
import type { TestGateway } from '../running-gateway.spec-support.js';
import { AccountReader } from './account-reader.store.js';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.stop());

const versionOf = async (userId: string): Promise<unknown> =>
  (await (await gateway.as(userId)).api('GET', '/v1/account')).json['version'];

/** Everything sent before has been handled once this one has: one queue, in order. */
async function untilHandled(): Promise<void> {
  const last = `marker-${Math.random()}`;
  await gateway.announce(anAccount(last, { version: 1 }));
  await waitFor('the marker', async () => (await versionOf(last)) === 1);
}

describe('GET /v1/account', () => {
  it('calls somebody never heard of Free, at version 0, with what Free allows', async () => {
    const { status, json, headers } = await (await gateway.as('unheard-of')).api('GET', '/v1/account');
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(json).toMatchObject({ user_id: 'unheard-of', tier: 0, tier_name: 'free', subscription: null, version: 0 });
    expect(json['entitlements']).toMatchObject({ refresh_interval_seconds: 60, alerts_limit: 3, export_formats: [] });
    expect(json['pending']).toBeNull();
    expect(accountSchema.safeParse(json).success).toBe(true);
  });

  it('shows exactly the account that was announced, and nothing pending', async () => {
    const account = anAccount('announced', { version: 7 });
    await gateway.announce(account);
    await waitFor('version 7', async () => (await versionOf('announced')) === 7);
    const { json } = await (await gateway.as('announced')).api('GET', '/v1/account');
    expect(json).toEqual({ ...account, pending: null });
  });

  it('is about the token’s user, whatever else the request names', async () => {
    await gateway.announce(anAccount('rich', { version: 2 }));
    await waitFor('version 2', async () => (await versionOf('rich')) === 2);
    const poor = await gateway.as('poor');
    const { json } = await poor.api('GET', '/v1/account?user_id=rich', undefined, {
      ...poor.bearer,
      'x-user-id': 'rich',
    });
    expect(json).toMatchObject({ user_id: 'poor', tier: 0 });
  });
});

describe('billing.account.changed', () => {
  const named = (version: number): Account => anAccount('ordered', { version, tier: version % 2 === 0 ? 2 : 1 });

  it('never goes back to an older version, in whatever order they arrive', async () => {
    for (const version of [3, 1, 5, 2, 4]) await gateway.announce(named(version));
    await untilHandled();
    const { json } = await (await gateway.as('ordered')).api('GET', '/v1/account');
    expect(json).toMatchObject({ version: 5, tier: 1 });
  });

  it('changes nothing when it comes twice', async () => {
    const account = anAccount('twice', { version: 4 });
    await gateway.announce(account, { id: '11111111-1111-5111-8111-111111111111' });
    await gateway.announce(account, { id: '11111111-1111-5111-8111-111111111111' });
    await untilHandled();
    const rows: { count: string }[] = await gateway.dataSource.query(
      `SELECT count(*) FROM account WHERE user_id = 'twice' AND version = 4`,
    );
    expect(rows).toEqual([{ count: '1' }]);
  });

  it('repairs a spoiled copy when the same version is announced again', async () => {
    const account = anAccount('spoiled', { version: 9 });
    await gateway.announce(account);
    await waitFor('version 9', async () => (await versionOf('spoiled')) === 9);
    await gateway.dataSource.query(`UPDATE account SET body = '{"tier": 2}' WHERE user_id = 'spoiled'`);
    await gateway.announce(account);
    await untilHandled();
    const { json } = await (await gateway.as('spoiled')).api('GET', '/v1/account');
    expect(json).toEqual({ ...account, pending: null });
  });

  it('that cannot be read is parked with its bytes, and its neighbours are applied', async () => {
    await gateway.publish('billing.account.changed', '{"user_id":"broken"}');
    await gateway.announce(anAccount('neighbour', { version: 1 }));
    await waitFor('the neighbour', async () => (await versionOf('neighbour')) === 1);
    const parked = await waitFor('the parked event', async () => {
      const rows: { body: Buffer; reason: string }[] = await gateway.dataSource.query(
        'SELECT body, reason FROM parked_event',
      );
      return rows.length > 0 && rows;
    });
    expect(parked.map((row) => row.body.toString())).toEqual(['{"user_id":"broken"}']);
    expect(parked[0]?.reason).toContain('tier');
  });

  it('is found by who waits for it', async () => {
    const reader = gateway.app.get(AccountReader);
    const waiting = reader.waitUntil('awaited', (account) => account.version === 2, 20_000);
    await gateway.announce(anAccount('awaited', { version: 2 }));
    expect((await waiting).version).toBe(2);
  });

  it('gives up waiting at the end of the time, with the account as it is', async () => {
    const reader = gateway.app.get(AccountReader);
    expect((await reader.waitUntil('never', (account) => account.version > 0, 50)).version).toBe(0);
  });
});
