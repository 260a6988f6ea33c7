import { toHeaders } from '@billhook/contracts';
import { expect, it, test } from '@jest/globals';
import { toDeadLetter } from './dead-letter.js';
import type { RawMessage } from './decode.js';

const attributes = {
  id: 'evt_1',
  source: 'stripe',
  type: 'stripe.invoice.paid',
  time: '2026-11-23T12:00:00.000Z',
};
const body = Buffer.from([0x7b, 0xff, 0x00]);

function aMessage(headers: Record<string, unknown>): RawMessage {
  return { content: body, fields: { redelivered: false }, properties: { headers } };
}

it('is the event that it was, byte for byte, with the reason of its death', () => {
  const died = { 'x-death': [{ reason: 'delivery_limit', queue: 'subscription.events', count: 1 }] };
  expect(toDeadLetter(aMessage({ ...toHeaders(attributes), ...died }))).toEqual({
    kind: 'event',
    id: 'evt_1',
    type: 'stripe.invoice.paid',
    reason: 'dead_letter: delivery_limit',
    headers: JSON.stringify(attributes),
    body,
  });
});

test.each([
  ['of its last death', { 'x-death': [{ reason: 'rejected' }, { reason: 'delivery_limit' }] }, 'rejected'],
  ['of its first, where that is all that is told', { 'x-first-death-reason': 'rejected' }, 'rejected'],
  ['unknown, when the broker says nothing', {}, 'unknown'],
  ['unknown, when it is none of the broker’s', { 'x-death': [{ reason: 'made up: by a publisher' }] }, 'unknown'],
])('has the reason %s', (_which, died, cause) => {
  expect(toDeadLetter(aMessage({ ...toHeaders(attributes), ...died })).reason).toBe(`dead_letter: ${cause}`);
});

it('that is no event is kept with all its headers, in one line of why, and never as what it claims to be', () => {
  const letter = toDeadLetter(aMessage({ 'cloudEvents:id': 'evt_1', big: 2n ** 60n, 'x-delivery-count': 3 }));
  expect(letter).toMatchObject({ kind: 'undecodable', type: 'dead_letter.undecodable', body });
  expect(letter.id).toMatch(/^dead-[0-9a-f]{64}$/);
  expect(letter.reason).toMatch(/^undecodable: [^\n]+$/);
  expect(JSON.parse(letter.headers)).toEqual({
    'cloudEvents:id': 'evt_1',
    big: '1152921504606846976',
    'x-delivery-count': 3,
  });
});

it('that is no event has the same id whenever it is brought, and another than any other', () => {
  const idOf = (headers: Record<string, unknown>, content = body): string =>
    toDeadLetter({ ...aMessage(headers), content }).id;
  const id = idOf({ a: 1, 'x-delivery-count': 1 });
  expect(idOf({ a: 1, 'x-delivery-count': 2, 'x-death': [] })).toBe(id);
  expect(new Set([id, idOf({ a: 2 }), idOf({ a: 1 }, Buffer.from('other')), idOf({})]).size).toBe(4);
});
