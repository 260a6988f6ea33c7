import { aStripeEvent, aSubscription } from '@billhook/testing';
import { describe, expect, it, test } from '@jest/globals';
import { fromStripe } from '../messages.spec-support.js';
import { toListedEvent, toOutgoing } from './listed-event.js';

const event = aStripeEvent('customer.subscription.created', aSubscription(), { id: 'evt_listed' });
const at = new Date('2026-11-27T05:00:00.000Z');

describe('an event of the list', () => {
  it('is handed on as the ingress would have, with the run as its cause', () => {
    const listed = toListedEvent(event);
    if (listed === null) throw new Error('it is an event');
    const outgoing = toOutgoing(listed, 'run-1', at);
    expect(outgoing.attributes).toEqual({
      ...fromStripe(event).attributes,
      subject: 'sub_1',
      account: undefined,
      apiversion: '2026-10-28.endive',
      receivedat: at.toISOString(),
      causeid: 'reconcile/run-1',
    });
    expect(JSON.parse(outgoing.body.toString())).toEqual(event);
  });

  test.each([
    [{ ...event, id: 'no_event' }],
    [{ ...event, type: '' }],
    [{ ...event, type: 'with space' }],
    [{ ...event, created: -1 }],
    [{ ...event, livemode: 'no' }],
    [{ ...event, data: null }],
    [{}],
  ])('is none where it is %j', (json) => {
    expect(toListedEvent(json)).toBeNull();
  });
});
