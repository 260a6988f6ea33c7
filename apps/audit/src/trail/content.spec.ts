import { attributesSchema, domainEvents, isDomainEventType, samples } from '@billhook/contracts';
import type { EventAttributes } from '@billhook/contracts';
import { describe, expect, it } from '@jest/globals';
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { contentBytes, contentSchema, plainAddress, readContent, toDraft } from './content.js';
import type { Content, Draft } from './content.js';
import { putBack } from './personal.js';
import { toStorable } from './storable.js';

const attributes = (overrides: Partial<EventAttributes> = {}): EventAttributes =>
  attributesSchema.parse({
    id: 'evt_1',
    source: 'stripe',
    type: 'stripe.customer.updated',
    time: '2026-11-23T09:00:00Z',
    ...overrides,
  });

const draftOf = (body: string | Buffer, overrides: Partial<EventAttributes> = {}): Draft =>
  toDraft({ attributes: attributes(overrides), body: Buffer.from(body) });
const contentOf = (body: string | Buffer, overrides: Partial<EventAttributes> = {}): Content =>
  draftOf(body, overrides).content;

const billing = { type: 'billing.account.opened', source: 'gateway' };

describe('the content of an entry', () => {
  it.each(Object.keys(domainEvents).filter(isDomainEventType))('keeps the whole data of %s', (type) => {
    const { content, personal } = draftOf(JSON.stringify(samples[type]), { type });
    const taken = personal[0]?.fields.data ?? {};
    expect({ ...content, data: putBack(content.data, taken) }).toMatchObject({ type, data: samples[type], notes: [] });
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
    const { content, personal } = draftOf('{"user_id":"user-1","email":null}', {
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
      occurred_at: '2026-11-23T09:00:00.000Z',
      stripe_ids: ['evt_1', 'evt_cause'],
      envelope: { dataversion: 1 },
    });
    expect(personal).toEqual([{ person: 'user-1', fields: { ip: '203.0.113.7', user_agent: 'Firefox' } }]);
    expect(JSON.stringify(content)).not.toMatch(/203\.0\.113\.7|Firefox/);
  });

  it('says from where a rejected delivery came', () => {
    const type = 'ingress.delivery.rejected';
    const { personal } = draftOf(JSON.stringify(samples[type]), { type });
    expect(personal).toEqual([
      { person: null, fields: { ip: '203.0.113.7', data: { '/remote_address': '203.0.113.7' } } },
    ]);
  });

  it('identifies the exact bytes of the body', () => {
    const body = Buffer.from('{"a": 1}\n');
    expect(contentOf(body).body).toEqual({ sha256: createHash('sha256').update(body).digest('hex'), bytes: 9 });
  });

  const withData = (text: string): Content => ({
    ...contentOf('{}', billing),
    data: toStorable(JSON.parse(text), new Set()),
  });

  it('is written in one way only: RFC 8785', () => {
    const one = contentBytes(withData('{"b":1,"a":{"d":1e2,"c":"é"}}')).toString();
    expect(one).toContain('"data":{"a":{"c":"é","d":100},"b":1}');
    expect(one.startsWith('{"actor":null,')).toBe(true);
  });

  it('keeps that order for names which JavaScript would move to the front', () => {
    const written = contentBytes(withData('{"9":1,"10":2,"-":3,"a":{"1":{"0":4}}}')).toString();
    expect(written).toContain('"data":{"-":3,"10":2,"9":1,"a":{"1":{"0":4}}}');
  });

  it('is written the same with a text that looks like such a name', () => {
    const content = withData(JSON.stringify({ b: 'say "7":1', a: '"7":' }));
    expect(contentBytes(content).toString()).toBe(canonicalize(content));
  });

  it('keeps of our own events the fields that are known, and no card number in them', () => {
    const data = { ...samples['billing.event.replayed'], note: 'she paid with 4242 4242 4242 4242', secret: 'whsec_x' };
    expect(contentOf(JSON.stringify(data), { type: 'billing.event.replayed' })).toMatchObject({
      data: { ...samples['billing.event.replayed'], note: 'she paid with [card number removed]' },
      notes: ['card_number_removed'],
    });
  });

  it.each([
    ['of a type that nobody here knows', 'billing.something.new', 'type_unknown'],
    ['that are not shaped as their type is', 'billing.tier.changed', 'data_not_understood'],
  ])('keeps the ids alone of events %s', (_, type, note) => {
    const body = {
      user_id: 'user-1',
      customer_id: 'cus_1',
      secret: 'x',
      email: 'ada@example.test',
      token: 'cus_ x',
      n: 1,
    };
    const draft = draftOf(JSON.stringify(body), { type });
    expect(draft).toMatchObject({
      content: { data: { customer_id: 'cus_1', user_id: 'user-1' }, user_id: 'user-1', notes: [note] },
      personal: [],
    });
  });

  it('says which subscription, invoice and Checkout session it is about, however the event names them', () => {
    const stripe = (object: object): Content => contentOf(JSON.stringify({ data: { object } }));
    expect(stripe({ object: 'subscription', id: 'sub_1', latest_invoice: 'in_9' })).toMatchObject({
      subscription_id: 'sub_1',
      invoice_id: null,
    });
    const subscription_details = { subscription: 'sub_1' };
    expect(stripe({ object: 'invoice', id: 'in_1', parent: { subscription_details } })).toMatchObject({
      subscription_id: 'sub_1',
      invoice_id: 'in_1',
    });
    expect(stripe({ object: 'checkout.session', id: 'cs_1', subscription: 'sub_1', invoice: 'in_1' })).toMatchObject({
      subscription_id: 'sub_1',
      invoice_id: 'in_1',
      session_id: 'cs_1',
    });
    const settled = samples['billing.checkout.settled'];
    expect(contentOf(JSON.stringify(settled), { type: 'billing.checkout.settled' })).toMatchObject({
      session_id: settled.session_id,
      subscription_id: settled.subscription_id,
    });
  });

  it('seals where a request came from for whoever made it, and the rest for whom it is about', () => {
    const { personal } = draftOf('{"user_id":"user-1","email":"ada@example.test"}', {
      ...billing,
      actor: 'ops:grace',
      remoteaddress: '203.0.113.7',
    });
    expect(personal).toEqual([
      { person: 'grace', fields: { ip: '203.0.113.7' } },
      { person: 'user-1', fields: { data: { '/email': 'ada@example.test' } } },
    ]);
  });

  it.each<[string, string | Buffer, string[]]>([
    ['an empty body', '', ['body_not_json']],
    ['text', 'hello', ['body_not_json']],
    ['half an object', '{"a":', ['body_not_json']],
    ['bytes that are not UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), ['body_not_json', 'body_not_utf8']],
    [
      'more than a quarter of a megabyte',
      JSON.stringify({ user_id: 'user-1', email: 'x'.repeat(300_000) }),
      ['data_too_large'],
    ],
  ])('has no data but the hash for %s', (_, body, notes) => {
    const content = contentOf(body, billing);
    expect(content).toMatchObject({ data: null, notes, body: { bytes: Buffer.byteLength(body) } });
  });

  it('cuts a user agent at 1024 characters and says so', () => {
    const { content, personal } = draftOf('{}', { ...billing, useragent: 'x'.repeat(10_000) });
    expect(personal).toEqual([{ person: null, fields: { user_agent: 'x'.repeat(1024) } }]);
    expect(content.notes).toContain('text_cut');
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
        const { content } = toDraft({ attributes: attributes({ ...given, type }), body });
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

describe('reading content', () => {
  it('answers undefined to bytes that this service never wrote', () => {
    expect(readContent(Buffer.from('{'))).toBeUndefined();
    expect(readContent(Buffer.from('{"v":1}'))).toBeUndefined();
  });
});
