import { attributesSchema } from '@billhook/contracts';
import { aStripeEvent, aSubscription } from '@billhook/testing';
import { describe, expect, it } from '@jest/globals';
import { mismatchOf, readEnvelope, toAttributes } from './stripe-envelope.js';
import type { StripeEnvelope } from './stripe-envelope.js';

const bytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const anEvent = (overrides: object = {}): Record<string, unknown> => ({
  ...aStripeEvent('customer.subscription.updated', aSubscription({ id: 'sub_1' }), {
    id: 'evt_1',
    created: 1_790_000_000,
  }),
  ...overrides,
});

function read(body: Buffer): StripeEnvelope {
  const envelope = readEnvelope(body);
  if (!envelope.ok) throw new Error(envelope.reason);
  return envelope.event;
}

describe('readEnvelope', () => {
  it('reads what routes, deduplicates and traces a snapshot event', () => {
    expect(read(bytes(anEvent()))).toEqual({
      id: 'evt_1',
      type: 'customer.subscription.updated',
      createdAt: new Date(1_790_000_000_000),
      livemode: false,
      account: undefined,
      apiVersion: '2026-10-28.endive',
      objectId: 'sub_1',
      objectType: undefined,
      snapshotEvent: undefined,
    });
  });

  it('F20: reads a thin event by the object it is related to and by its snapshot event', () => {
    const thin = {
      object: 'v2.core.event',
      id: 'evt_test_1',
      type: 'v1.customer.subscription.active',
      created: '2026-11-23T10:00:00.000Z',
      livemode: false,
      context: null,
      related_object: { id: 'sub_1', type: 'subscription', url: '/v1/subscriptions/sub_1' },
      snapshot_event: 'evt_snapshot_1',
    };
    expect(read(bytes(thin))).toMatchObject({
      id: 'evt_test_1',
      objectId: 'sub_1',
      objectType: 'subscription',
      snapshotEvent: 'evt_snapshot_1',
      apiVersion: undefined,
    });
  });

  it.each([
    ['a type Stripe has not invented yet', anEvent({ type: 'customer.subscription.teleported' })],
    ['an object without an id', anEvent({ data: { object: { object: 'balance' } } })],
    ['an object whose id is null', anEvent({ data: { object: { object: 'invoice', id: null } } })],
    ['a type with brackets', anEvent({ type: 'v2.core.account[requirements].updated' })],
    ['no API version', anEvent({ api_version: null })],
    ['text with a NUL escape and a lone surrogate', anEvent({ data: { object: { id: 'x', name: '\u0000\ud800' } } })],
  ])('takes %s', (_, event) => {
    expect(readEnvelope(bytes(event))).toMatchObject({ ok: true });
  });

  const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
  it.each<[string, Buffer]>([
    ['nothing', Buffer.alloc(0)],
    ['text that is not JSON', Buffer.from('{"id":')],
    ['null', Buffer.from('null')],
    ['a list', Buffer.from('[]')],
    ['a string', Buffer.from('"evt_1"')],
    ['brackets 50,000 deep', Buffer.from(deep)],
    ['a byte-order mark before the JSON', Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes(anEvent())])],
    ['bytes that are not UTF-8', Buffer.from([...bytes(anEvent()).subarray(0, -1), 0xff, 0x7d])],
    ['an id that is not an event’s', bytes(anEvent({ id: 'sub_1' }))],
    ['an id of 300 characters', bytes(anEvent({ id: `evt_${'x'.repeat(296)}` }))],
    ['a type that would not fit a routing key', bytes(anEvent({ type: 'x'.repeat(250) }))],
    ['a type with a wildcard', bytes(anEvent({ type: 'customer.#' }))],
    ['a type with white space', bytes(anEvent({ type: 'customer. deleted' }))],
    ['an account that would not fit a header', bytes(anEvent({ account: 'a'.repeat(70_000) }))],
    ['a created that is text', bytes(anEvent({ created: '2026' }))],
    ['a created beyond the calendar', bytes(anEvent({ created: 9e15 }))],
    ['a created of 1e400', Buffer.from(JSON.stringify(anEvent()).replace('1790000000', '1e400'))],
    ['no livemode', bytes(anEvent({ livemode: undefined }))],
    ['no object', bytes(anEvent({ data: {} }))],
    ['an event of EventBridge’s envelope', bytes({ id: 'evt_1', 'detail-type': 'invoice.paid', detail: anEvent() })],
  ])('F12: says why %s is no event, and does not throw', (_, body) => {
    expect(readEnvelope(body)).toEqual({ ok: false, reason: expect.stringMatching(/\S/) });
  });
});

describe('mismatchOf', () => {
  const ours = { livemode: true, accountId: 'acct_ours' };
  it.each([
    [{ livemode: true }, undefined],
    [{ livemode: false }, 'livemode_mismatch'],
    [{ livemode: true, account: 'acct_ours' }, undefined],
    [{ livemode: true, account: 'acct_theirs' }, 'account_mismatch'],
  ])('of %j is %s', (overrides, expected) => {
    expect(mismatchOf(read(bytes(anEvent(overrides))), ours)).toBe(expected);
  });
});

it('writes attributes that consumers can read', () => {
  const event = read(bytes(anEvent({ account: 'acct_ours' })));
  const attributes = toAttributes(event, { at: new Date('2026-11-23T10:00:00Z'), requestId: 'r-1' });
  expect(attributesSchema.parse(attributes)).toMatchObject({
    id: 'evt_1',
    type: 'stripe.customer.subscription.updated',
    subject: 'sub_1',
    time: '2026-09-21T14:13:20.000Z',
    receivedat: '2026-11-23T10:00:00.000Z',
    account: 'acct_ours',
    livemode: false,
  });
});
