import { toHeaders } from '@billhook/contracts';
import { describe, expect, it } from '@jest/globals';
import { toDelivery } from './decode.js';

const attributes = { id: 'evt_1', source: 'stripe', type: 'stripe.invoice.paid', time: '2026-11-23T12:00:00.000Z' };
const content = Buffer.from([0xff, 0x00, 0x7b]);

function decode(headers: Record<string, unknown> | undefined): ReturnType<typeof toDelivery> {
  return toDelivery({ content, fields: { redelivered: true }, properties: { headers } });
}

describe('toDelivery', () => {
  it('gives the attributes and the exact bytes', () => {
    expect(decode(toHeaders(attributes))).toEqual({
      ok: true,
      delivery: { attributes, body: content, redelivered: true },
    });
  });

  it.each([
    ['no headers', undefined],
    ['foreign headers', { 'x-death': [] }],
    ['no id', { ...toHeaders(attributes), 'cloudEvents:id': '' }],
    ['an id that is no text', { ...toHeaders(attributes), 'cloudEvents:id': 7 }],
    ['a time that is none', { ...toHeaders(attributes), 'cloudEvents:time': 'yesterday' }],
    ['a NUL in the id', toHeaders({ ...attributes, id: 'evt_\0' })],
    ['a NUL in the type', toHeaders({ ...attributes, type: 'stripe.\0' })],
  ])('tells why it is no event: %s', (_name, headers) => {
    expect(decode(headers)).toMatchObject({ ok: false, reason: expect.any(String) });
  });
});
