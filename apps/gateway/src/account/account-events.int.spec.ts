import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@billhook/testing';
import { anAccount, frontend, startGateway } from '../running-gateway.spec-support.js';
import type { TestGateway } from '../running-gateway.spec-support.js';
import { follow } from '../event-stream.spec-support.js';
import type { EventStream } from '../event-stream.spec-support.js';
import { subscribe } from '../subscriber.spec-support.js';

let gateway: TestGateway;
const opened: EventStream[] = [];
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(async () => {
  for (const stream of opened) stream.close();
  await gateway.stop();
});

async function open(userId: string, headers: Record<string, string> = {}, url = gateway.url): Promise<EventStream> {
  const user = await gateway.as(userId);
  const stream = await follow(`${url}/v1/account/events`, { ...user.bearer, ...headers });
  opened.push(stream);
  return stream;
}

const versions = (stream: EventStream): unknown[] => stream.events.map(({ data }) => data['version']);

describe('GET /v1/account/events', () => {
  it('tells the account at once, and again whenever it changes', async () => {
    const stream = await open('follower');
    expect(stream.status).toBe(200);
    expect(stream.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    await waitFor('the first word', () => stream.events.length === 1);
    expect(stream.events[0]).toMatchObject({ event: 'account', id: '0', data: { tier: 0, user_id: 'follower' } });
    await gateway.announce(anAccount('follower', { version: 1 }));
    await gateway.announce(anAccount('follower', { version: 2, tier: 2 }));
    await waitFor('the newest version', () => versions(stream).at(-1) === 2);
    const user = await gateway.as('follower');
    expect(stream.events.at(-1)).toMatchObject({ id: '2', data: (await user.api('GET', '/v1/account')).json });
  });

  it('goes on from Last-Event-ID: what is known is not told again, what was missed is', async () => {
    await gateway.announce(anAccount('returner', { version: 5 }));
    const first = await open('returner');
    await waitFor('the account', () => versions(first).at(-1) === 5);
    const same = await open('returner', { 'last-event-id': '5' });
    const behind = await open('returner', { 'last-event-id': '4' });
    await waitFor('what was missed', () => behind.events.length === 1);
    await gateway.announce(anAccount('returner', { version: 6 }));
    await waitFor('the next version', () => versions(same).length > 0 && versions(behind).length === 2);
    expect([versions(same), versions(behind)]).toEqual([[6], [5, 6]]);
  });

  it('shows a change that Stripe has accepted before its event has come, in every tab', async () => {
    const { user, subscriptionId } = await subscribe(gateway, 'two-tabs');
    const tabs = [await open('two-tabs'), await open('two-tabs')];
    await waitFor('both', () => tabs.every((tab) => versions(tab).includes(1)));
    await user.api('POST', '/v1/subscription/cancel', {});
    const pendings = () => tabs.map((tab) => tab.events.at(-1)?.data['pending']);
    await waitFor('the change', () => pendings().every((pending) => pending !== null));
    const change = expect.objectContaining({ change: 'cancel_at_period_end', subscription_id: subscriptionId });
    expect(pendings()).toEqual([change, change]);
  });

  it('is told by every replica, whichever applies the event', async () => {
    const replica = await gateway.startReplica();
    const streams = [await open('spread'), await open('spread', {}, replica.service.url)];
    await gateway.announce(anAccount('spread', { version: 1 }));
    await waitFor('both', () => streams.every((stream) => versions(stream).includes(1)));
    await replica.service.stop();
    await waitFor('the end of the one that stopped', () => streams[1]?.hasEnded === true);
    expect(streams[1]?.retryMs).toBeGreaterThanOrEqual(500);
    expect(streams[0]?.hasEnded).toBe(false);
  });

  it('cannot be held back, kept or packed by a proxy', async () => {
    const { headers } = await open('proxied', { 'accept-encoding': 'gzip, br' });
    expect(headers.get('cache-control')).toBe('no-store, no-transform');
    expect(headers.get('x-accel-buffering')).toBe('no');
    expect(headers.get('content-encoding')).toBeNull();
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('is readable by the product’s frontend', async () => {
    const { headers } = await open('elsewhere', { origin: frontend });
    expect(headers.get('access-control-allow-origin')).toBe(frontend);
  });

  it('ends with the token, and is 401 without one', async () => {
    const token = await gateway.identity.tokenFor({ sub: 'short', expiresIn: '3s' });
    const stream = await follow(`${gateway.url}/v1/account/events`, { authorization: `Bearer ${token}` });
    opened.push(stream);
    expect(stream.status).toBe(200);
    await waitFor('the end', () => stream.hasEnded);
    expect((await follow(`${gateway.url}/v1/account/events`, {})).status).toBe(401);
  });

  it('is refused to who has a dozen of them already', async () => {
    const streams: EventStream[] = [];
    for (let count = 0; count < 12; count += 1) streams.push(await open('hoarder'));
    const user = await gateway.as('hoarder');
    const answer = await user.api('GET', '/v1/account/events');
    expect([answer.status, answer.json['code']]).toEqual([429, 'streams_exhausted']);
    streams[0]?.close();
    await waitFor('a place', async () => (await open('hoarder')).status === 200);
  });

  it('answers HEAD without staying open', async () => {
    const user = await gateway.as('header');
    expect((await user.api('HEAD', '/v1/account/events')).status).toBe(200);
  });
});
