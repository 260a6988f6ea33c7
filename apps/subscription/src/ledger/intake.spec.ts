import { describe, expect, it, test } from '@jest/globals';
import { samples } from '@billhook/contracts';
import { CustomerStory } from '../customer-story.spec-support.js';
import { fromGateway, fromStripe } from '../messages.spec-support.js';
import { toIntake } from './intake.js';

const story = new CustomerStory('ada');

function read(type: string, body: string | Buffer) {
  const attributes = { id: 'evt_1', source: 'spec', type, time: '2026-11-01T00:00:00.000Z' };
  return toIntake({ attributes, body: Buffer.from(body), redelivered: false });
}

describe('a delivery', () => {
  it('of Stripe is read with its customer, its user and its time', () => {
    const intake = toIntake({ ...fromStripe(story.created(7)), redelivered: false });
    expect(intake).toMatchObject({ customerId: 'cus_ada', userId: 'user-ada', meaning: { kind: 'subscription' } });
    expect(intake.at).toEqual(new Date('2026-11-01T00:00:07Z'));
  });

  it('of the gateway is read in the shape of its golden sample', () => {
    const event = fromGateway({ type: 'billing.customer.linked', data: samples['billing.customer.linked'] });
    expect(toIntake({ ...event, redelivered: false })).toMatchObject({
      customerId: 'cus_sample',
      userId: 'user-1',
      meaning: { kind: 'customer_linked', customerId: 'cus_sample', userId: 'user-1' },
    });
  });

  test.each<[string, string | Buffer, RegExp]>([
    ['stripe.invoice.paid', '{"id":', /^unreadable: not JSON$/],
    ['stripe.invoice.paid', 'null', /^unreadable: \(document\)$/],
    ['stripe.invoice.paid', Buffer.from([0xff, 0xfe]), /^unreadable: not JSON$/],
    ['billing.account.opened', '{}', /user_id/],
    ['billing.customer.linked', 'nothing', /not JSON/],
  ])('of type %s with the body %s is unreadable, with a reason', (type, body, reason) => {
    expect(read(type, body).meaning).toEqual({ kind: 'unreadable', reason: expect.stringMatching(reason) });
  });

  it('of a customer that does not say whose it is is of no interest, and keeps its customer', () => {
    const event = story.event('customer.updated', { id: 'cus_ada', object: 'customer' }, 3);
    expect(toIntake({ ...fromStripe(event), redelivered: false })).toMatchObject({
      customerId: 'cus_ada',
      meaning: { kind: 'not_relevant' },
    });
  });

  test.each<[object, object]>([
    [
      { subscription_id: 'sub_1', session_id: 'cs_1', user_id: 'user-1' },
      { kind: 'subscription', id: 'sub_1' },
    ],
    [
      { session_id: 'cs_1', user_id: 'user-1' },
      { kind: 'session', id: 'cs_1' },
    ],
    [{ user_id: 'user-1' }, { kind: 'user', id: 'user-1' }],
  ])('that asks for a pull by %j wants the narrowest of it', (data, wanted) => {
    expect(read('billing.reconcile.requested', JSON.stringify(data)).meaning).toEqual({ kind: 'pull', wanted });
  });

  it('that asks for a pull of nothing is unreadable', () => {
    expect(read('billing.reconcile.requested', '{}').meaning).toMatchObject({ kind: 'unreadable' });
  });

  it('that asks for an erasure names whose, and is unreadable where it does not', () => {
    const data = { user_id: 'user-1', request_id: 'b1f6b0de-9d1a-4a57-8b57-3f0c6c2a1e55', reason: 'ticket 4711' };
    const type = 'billing.account.erasure_requested';
    const wanted = { kind: 'erasure', userId: 'user-1', requestId: data.request_id };
    expect(read(type, JSON.stringify(data))).toMatchObject({ userId: 'user-1', meaning: wanted });
    expect(read(type, '{}').meaning).toMatchObject({ kind: 'unreadable' });
  });

  it('of a type that nobody here knows is of no interest', () => {
    expect(read('something.else', '{}').meaning).toEqual({ kind: 'not_relevant' });
  });
});
