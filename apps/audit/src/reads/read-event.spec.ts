import { parseDomainEvent } from '@billhook/contracts';
import { describe, expect, it, test } from '@jest/globals';
import { referencesOf } from '../trail/references.js';
import { shownAddress, toReadEvent } from './read-event.js';

const read = {
  what: 'entries',
  url: '/v1/entries?user_id=user-7&stripe_id=cus_7',
  userId: 'ops-1',
  remoteAddress: '198.51.100.7',
  userAgent: 'curl\n/8',
  requestId: 'request-1',
} as const;

test.each([
  ['/v1/entries', '/v1/entries'],
  ['/v1/entries?', '/v1/entries'],
  ['/v1/entries?type=stripe.*&limit=5', '/v1/entries?type=stripe.*&limit=5'],
  ['/v1/entries?ip=198.51.100.7&type=a.b', '/v1/entries?ip=…&type=a.b'],
  ['/v1/entries?%69p=198.51.100.7', '/v1/entries?ip=…'],
  ['/v1/entries?q=jane%40example.com&q=Jane', '/v1/entries?q=…&q=…'],
  ['/v1/entries?user_id=a%26q%3Db', '/v1/entries?user_id=a%26q%3Db'],
  ['/console?q=a?b', '/console?q=…'],
])('%s is recorded as %s', (url, shown) => {
  expect(shownAddress(url)).toBe(shown);
});

describe('the entry about a read', () => {
  const { attributes, body } = toReadEvent(read, 'id-1', new Date('2026-11-23T09:00:00.000Z'));

  it('says who, from where and what, and keeps to its contract', () => {
    expect(attributes).toMatchObject({ actor: 'ops:ops-1', remoteaddress: '198.51.100.7', useragent: 'curl /8' });
    expect(parseDomainEvent('audit.trail.read', body.toString())).toEqual({
      ok: true,
      data: { what: 'entries', request: '/v1/entries?user_id=user-7&stripe_id=cus_7' },
    });
  });

  it('is not found by the ids that were asked for, or the next look would find the one before', () => {
    const found = referencesOf(JSON.parse(body.toString()), [attributes.id, null]);
    expect(found).toMatchObject({ userId: null, customerId: null, customerVia: null, stripeIds: [] });
  });
});
