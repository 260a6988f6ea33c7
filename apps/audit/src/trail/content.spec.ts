import { attributesSchema, domainEvents, isDomainEventType, samples } from '@billhook/contracts';
import type { EventAttributes } from '@billhook/contracts';
import { describe, expect, it } from '@jest/globals';
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { contentBytes, contentSchema, plainAddress, toContent } from './content.js';
import type { Content } from './content.js';

const attributes = (overrides: Partial<EventAttributes> = {}): EventAttributes =>
  attributesSchema.parse({
    id: 'evt_1',
    source: 'stripe',
    type: 'stripe.customer.updated',
    time: '2026-11-23T09:00:00Z',
    ...overrides,
  });

const contentOf = (body: string | Buffer, overrides: Partial<EventAttributes> = {}): Content =>
  toContent({ attributes: attributes(overrides), body: Buffer.from(body) });

const billing = { type: 'billing.account.opened', source: 'gateway' };

describe('the content of an entry', () => {
  it.each(Object.keys(domainEvents).filter(isDomainEventType))('keeps the whole data of %s', (type) => {
    const content = contentOf(JSON.stringify(samples[type]), { type });
    expect(content).toMatchObject({ type, data: samples[type], notes: [] });
    expect(content.user_id).toBe('user_id' in samples[type] ? samples[type].user_id : null);
  });

  it('keeps no address of the page on which a payment is finished, which opens for whoever has it', () => {
    const url = 'https://invoice.stripe.test/i/made-up-key';
    const asked = { reason: 'payment_confirmation', invoice_id: 'in_1' };
    const account = { ...samples['billing.account.changed'], action_required: { ...asked, url } };
    const content = contentOf(JSON.stringify(account), { type: 'billing.account.changed' });
    expect(content).toMatchObject({ data: { action_required: asked }, notes: ['link_left_out'] });
    expect(contentBytes(content).toString()).not.toContain('made-up-key');
  });

  it('carries whence, by whom, why and from where', () => {
    const content = contentOf('{}', {
      ...billing,
      subject: 'user-1',
      actor: 'user:user-1',
      causeid: 'evt_cause',
      requestid: 'request-1',
      remoteaddress: '::ffff:203.0.113.7',
      useragent: 'Firefox',
      dataversion: 1,
    });
    expect(content).toMatchObject({
      subject: 'user-1',
      actor: 'user:user-1',
      cause_id: 'evt_cause',
      request_id: 'request-1',
      ip: '203.0.113.7',
      user_agent: 'Firefox',
      occurred_at: '2026-11-23T09:00:00.000Z',
      stripe_ids: ['evt_1', 'evt_cause'],
      envelope: { dataversion: 1 },
    });
  });

  it('says from where a rejected delivery came', () => {
    const type = 'ingress.delivery.rejected';
    expect(contentOf(JSON.stringify(samples[type]), { type })).toMatchObject({ ip: '203.0.113.7' });
  });

  it('identifies the exact bytes of the body', () => {
    const body = Buffer.from('{"a": 1}\n');
    expect(contentOf(body).body).toEqual({ sha256: createHash('sha256').update(body).digest('hex'), bytes: 9 });
  });

  it('is written in one way only: RFC 8785', () => {
    const one = contentBytes(contentOf('{"b":1,"a":{"d":1e2,"c":"é"}}', billing)).toString();
    expect(one).toBe(contentBytes(contentOf('{"b":1,"a":{"d":1e2,"c":"é"}}', billing)).toString());
    expect(one).toContain('"data":{"a":{"c":"é","d":100},"b":1}');
    expect(one.startsWith('{"actor":null,')).toBe(true);
  });

  it('keeps that order for names which JavaScript would move to the front', () => {
    const written = contentBytes(contentOf('{"9":1,"10":2,"-":3,"a":{"1":{"0":4}}}', billing)).toString();
    expect(written).toContain('"data":{"-":3,"10":2,"9":1,"a":{"1":{"0":4}}}');
  });

  it('is written the same with a text that looks like such a name', () => {
    const content = contentOf(JSON.stringify({ b: 'say "7":1', a: '"7":' }), billing);
    expect(contentBytes(content).toString()).toBe(canonicalize(content));
  });

  it.each<[string, string | Buffer, string[]]>([
    ['an empty body', '', ['body_not_json']],
    ['text', 'hello', ['body_not_json']],
    ['half an object', '{"a":', ['body_not_json']],
    ['bytes that are not UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), ['body_not_json', 'body_not_utf8']],
    ['more than a quarter of a megabyte', JSON.stringify({ a: 'x'.repeat(300_000) }), ['data_too_large']],
  ])('has no data but the hash for %s', (_, body, notes) => {
    const content = contentOf(body, billing);
    expect(content).toMatchObject({ data: null, notes, body: { bytes: Buffer.byteLength(body) } });
  });

  it.each<[string, string, unknown, string[]]>([
    ['U+0000', '{"a":"x\\u0000y"}', { a: 'x\uFFFDy' }, ['characters_replaced']],
    ['a lone surrogate', '{"\\ud800":"\\udc00"}', { '\uFFFD': '\uFFFD' }, ['characters_replaced']],
    ['a number beyond all numbers', '{"a":1e400}', { a: null }, ['numbers_replaced']],
    ['a byte order mark', '\uFEFF{"a":1}', { a: 1 }, []],
    ['a key that is a prototype elsewhere', '{"__proto__":{"x":1}}', JSON.parse('{"__proto__":{"x":1}}'), []],
    ['a key said twice', '{"a":1,"a":2}', { a: 2 }, []],
    ['null', 'null', null, []],
    ['a list', '[1]', [1], []],
  ])('keeps what can be kept of %s', (_, body, data, notes) => {
    expect(contentOf(body, billing)).toMatchObject({ data, notes });
  });

  it('cuts off what lies deeper than 32 levels', () => {
    const content = contentOf('['.repeat(50_000) + ']'.repeat(50_000), billing);
    expect(content.notes).toEqual(['depth_cut']);
    expect(JSON.stringify(content.data)).toHaveLength(2 * 32 + 'null'.length);
  });

  it('cuts a user agent at 1024 characters and says so', () => {
    const content = contentOf('{}', { ...billing, useragent: 'x'.repeat(10_000) });
    expect(content.user_agent).toHaveLength(1024);
    expect(content.notes).toEqual(['text_cut']);
  });

  it('leaves the time out when no calendar of PostgreSQL has it', () => {
    expect(contentOf('{}', { time: '0000-01-01T00:00:00Z' }).occurred_at).toBeNull();
  });

  it('takes no user id that an index cannot hold', () => {
    expect(contentOf(JSON.stringify({ user_id: 'u'.repeat(256) }), billing).user_id).toBeNull();
  });

  it('is made of anything: it never throws, fits its own schema, and holds nothing PostgreSQL refuses', () => {
    const unit = fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code));
    const text = fc.string({ unit, maxLength: 40 });
    const json = fc.jsonValue({ stringUnit: unit }).map((value) => Buffer.from(JSON.stringify(value)));
    const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array));
    const named = fc.record(
      { subject: text, actor: text, causeid: text, requestid: text, remoteaddress: text, useragent: text },
      { requiredKeys: [] },
    );
    const type = fc.constantFrom('stripe.invoice.paid', 'billing.tier.changed', 'something.else');
    fc.assert(
      fc.property(fc.oneof(json, bytes), named, type, (body, given, type) => {
        const content = toContent({ attributes: attributes({ ...given, type }), body });
        const written = contentBytes(content).toString('utf8');
        expect(contentSchema.parse(JSON.parse(written))).toEqual(content);
        expect(written).not.toContain('\\u0000');
        expect(written.isWellFormed()).toBe(true);
        expect(written).toBe(canonicalize(content));
      }),
    );
  });
});

describe('one spelling of an address', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['::FFFF:203.0.113.7', '203.0.113.7'],
    ['2001:DB8::1', '2001:db8::1'],
    ['::ffff:999.0.0.1', '::ffff:999.0.0.1'],
    ['unknown', 'unknown'],
  ])('%s is %s', (given, expected) => {
    expect(plainAddress(given)).toBe(expected);
  });
});
