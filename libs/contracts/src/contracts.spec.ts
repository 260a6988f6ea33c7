import { describe, expect, it, test } from '@jest/globals';
import { domainEvents, isDomainEventType, parseDomainEvent } from './domain-events.js';
import type { DomainEventType } from './domain-events.js';
import { fromHeaders, toHeaders } from './envelope.js';
import { samples } from './samples.js';

const types = Object.keys(domainEvents).filter(isDomainEventType);

describe('domain events', () => {
  test.each(types)('%s: the golden sample survives the wire unchanged', (type: DomainEventType) => {
    expect(parseDomainEvent(type, JSON.stringify(samples[type]))).toEqual({ ok: true, data: samples[type] });
  });

  test.each(types)('%s: an empty object is refused with a reason', (type: DomainEventType) => {
    const parsed = parseDomainEvent(type, '{}');
    expect(parsed).toEqual({ ok: false, reason: expect.stringMatching(/\S/) });
  });

  it('refuses a body that is not JSON with a reason instead of throwing', () => {
    expect(parseDomainEvent('billing.account.opened', '{"user_id":')).toEqual({
      ok: false,
      reason: expect.stringContaining('not JSON'),
    });
  });

  it('reads an account that was written before it named what the customer has to do', () => {
    const { action_required: none, ...older } = samples['billing.account.changed'];
    const parsed = parseDomainEvent('billing.account.changed', JSON.stringify(older));
    expect([none, parsed]).toEqual([null, { ok: true, data: samples['billing.account.changed'] }]);
  });

  it('does not take a property of Object.prototype for an event type', () => {
    expect(isDomainEventType('constructor')).toBe(false);
  });
});

describe('envelope', () => {
  const attributes = {
    id: 'evt_1',
    source: 'stripe',
    type: 'stripe.invoice.paid',
    time: '2026-11-01T00:00:00.000Z',
    livemode: false,
  };

  it('comes back from its headers as it went in, and leaves absent attributes absent', () => {
    expect(fromHeaders(toHeaders(attributes))).toEqual({ ok: true, attributes });
  });

  it('ignores headers that are not its own', () => {
    expect(fromHeaders({ ...toHeaders(attributes), 'x-death': [{}] })).toEqual({ ok: true, attributes });
  });

  it('names the attribute that is missing', () => {
    const { id: _, ...rest } = attributes;
    expect(fromHeaders(toHeaders({ ...rest, id: '' }))).toEqual({ ok: false, reason: expect.stringContaining('id') });
  });
});
