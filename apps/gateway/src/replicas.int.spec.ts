import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@billhook/testing';
import { AccountChanges } from './account/account-changes.store.js';
import { AccountReader } from './account/account-reader.store.js';
import { anAccount, publishedAbout, startGateway } from './running-gateway.spec-support.js';
import type { Replica, TestGateway } from './running-gateway.spec-support.js';

let gateway: TestGateway;
let replica: Replica;
beforeAll(async () => {
  gateway = await startGateway();
  replica = await gateway.startReplica();
});
afterAll(() => gateway.stop());

describe('two replicas', () => {
  it('make one customer and one payable page of clicks that reach both', async () => {
    const plan = { tier: 1, billing_cycle: 'monthly' };
    const [here, there] = await Promise.all([gateway.as('everywhere'), replica.as('everywhere')]);
    const clicks = Array.from({ length: 4 }, () => [here, there]).flat();
    const answers = await Promise.all(clicks.map((user) => user.api('POST', '/v1/checkout-sessions', plan)));
    expect(answers.map((answer) => answer.status)).toEqual(Array(8).fill(201));
    expect(new Set(answers.map((answer) => answer.json['id'])).size).toBe(1);
    const customers = await gateway.simulator.stripe.customers.list();
    expect(customers.data.filter((customer) => customer.metadata['user_id'] === 'everywhere')).toHaveLength(1);
    await waitFor('the announcements', () => publishedAbout(gateway, 'everywhere').length >= 10);
    const types = publishedAbout(gateway, 'everywhere').map((event) => event.type);
    expect(types.filter((type) => type === 'billing.account.opened')).toHaveLength(1);
    expect(types.filter((type) => type === 'billing.customer.linked')).toHaveLength(1);
  });

  it('both hear of a change at once, whichever of them applies it', async () => {
    const changes = [gateway.app, replica.service.app].map((app) => app.get(AccountChanges).watch('heard'));
    const started = Date.now();
    const woken = changes.map((change) => change.next(25_000));
    await gateway.announce(anAccount('heard', { version: 1 }));
    await Promise.all(woken);
    expect(Date.now() - started).toBeLessThan(20_000);
    changes.forEach((change) => change.close());
  });
});

describe('behind a proxy', () => {
  const remoteAddressOf = async (userId: string): Promise<unknown> => {
    const opened = await waitFor('the announcement', () =>
      gateway.tap.events.find((event) => event.attributes['subject'] === userId),
    );
    return opened.attributes['remoteaddress'];
  };

  it('believes X-Forwarded-For from the proxies that it is told to trust', async () => {
    const behind = await gateway.startReplica({ TRUSTED_PROXIES: '127.0.0.1/32' });
    const user = await behind.as('proxied');
    await user.api('GET', '/v1/account', undefined, { ...user.bearer, 'x-forwarded-for': '6.6.6.6, 203.0.113.9' });
    expect(await remoteAddressOf('proxied')).toBe('203.0.113.9');
  });

  it('believes nobody otherwise', async () => {
    const user = await gateway.as('spoofer');
    await user.api('GET', '/v1/account', undefined, { ...user.bearer, 'x-forwarded-for': '6.6.6.6' });
    expect(await remoteAddressOf('spoofer')).toBe('127.0.0.1');
  });
});

describe('on https', () => {
  it('sends a cookie that only https and only this host can have, and asks for https from then on', async () => {
    const secure = await gateway.startReplica({ PUBLIC_URL: 'https://billing.example.com' });
    const user = await secure.as('secure');
    const answer = await user.api('POST', '/v1/session');
    const cookie = answer.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/^__Host-billhook_session=ey.*; Secure/);
    expect(cookie).toContain('Path=/');
    expect(cookie).not.toContain('Domain');
    expect(answer.headers.get('strict-transport-security')).toContain('max-age=31536000');
    const plain = await user.page('/profile', { cookie: `billhook_session=${user.token}` });
    expect(plain.status).toBe(303);
  });
});

describe('when the database is away', () => {
  it('says 503 to programs and people, and comes back by itself with what it missed', async () => {
    const user = await gateway.as('survivor');
    await user.api('GET', '/v1/account');
    const openDatabase = await gateway.shutDatabase();
    try {
      const [program, page] = [await user.api('GET', '/v1/account'), await user.page('/profile')];
      expect([program.status, program.json['code']]).toEqual([503, 'database_unavailable']);
      expect([page.status, page.headers.get('retry-after')]).toEqual([503, '5']);
      expect(page.text).toContain('The database did not answer');
      await gateway.announce(anAccount('survivor', { version: 1 }));
    } finally {
      await openDatabase();
    }
    await waitFor(
      'the account that was announced meanwhile',
      async () => (await user.api('GET', '/v1/account')).json['version'] === 1,
      20_000,
    );
    const reader = gateway.app.get(AccountReader);
    const waiting = reader.waitUntil('survivor', (account) => account.version === 2, 8_000);
    await gateway.announce(anAccount('survivor', { version: 2 }));
    expect((await waiting).version).toBe(2);
  });
});
