import { samples } from '@billhook/contracts';
import type { OutgoingEvent } from '@billhook/messaging';
import { aCheckoutSession } from '@billhook/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startAudit } from '../audit.spec-support.js';
import type { AuditUnderTest } from '../audit.spec-support.js';
import { aDomainEvent, aStripeDelivery } from '../trail.spec-support.js';
import { toDays } from './funnel.request.js';
import { FunnelStore } from './funnel.store.js';

const now = new Date('2026-11-23T09:00:00.000Z');
let audit: AuditUnderTest;
let funnel: FunnelStore;

interface Tale {
  name: string;
  tier?: 1 | 2;
  started: string;
  /** Paid at this time. */
  completed?: string;
  /** The session ended without a payment, at this time. */
  unpaid?: string;
  ended?: string;
}

function eventsOf({ name, tier = 1, started, completed, unpaid, ended }: Tale): OutgoingEvent[] {
  const session = `cs_${name}`;
  const plan = { user_id: name, tier, billing_cycle: 'monthly', session_id: session } as const;
  const told = (time: string, status: string): OutgoingEvent => {
    const object = { ...aCheckoutSession({ id: session }), subscription: `sub_${name}`, payment_status: status };
    const event = aStripeDelivery('checkout.session.completed', object);
    return { ...event, attributes: { ...event.attributes, time } };
  };
  const after = { ...samples['billing.subscription.ended'].after, id: `sub_${name}` };
  const change = { user_id: name, subscription_id: `sub_${name}`, before: null, after, reason: 'canceled' };
  return [
    aDomainEvent({ type: 'billing.checkout.started', data: plan }, { time: started }),
    ...(completed === undefined ? [] : [told(completed, 'paid')]),
    ...(unpaid === undefined ? [] : [told(unpaid, 'unpaid')]),
    ...(ended === undefined
      ? []
      : [aDomainEvent({ type: 'billing.subscription.ended', data: change }, { time: ended })]),
  ];
}

const tales: Tale[] = [
  { name: 'abandoned', started: '2026-09-01T00:00:00.000Z' },
  { name: 'stays', started: '2026-09-01T23:59:59.999Z', completed: '2026-09-02T00:00:10.000Z' },
  { name: 'unpaid', started: '2026-09-01T12:00:00.000Z', unpaid: '2026-09-01T12:01:00.000Z' },
  // One millisecond before the thirty days were over.
  {
    name: 'short',
    started: '2026-09-01T10:00:00.000Z',
    completed: '2026-09-01T10:05:00.000Z',
    ended: '2026-10-01T10:04:59.999Z',
  },
  // Exactly then.
  {
    name: 'long',
    started: '2026-09-01T10:00:00.000Z',
    completed: '2026-09-01T10:05:00.000Z',
    ended: '2026-10-01T10:05:00.000Z',
  },
  { name: 'elite', tier: 2, started: '2026-09-01T10:00:00.000Z', completed: '2026-09-01T10:05:00.000Z' },
  { name: 'day-before', started: '2026-08-31T23:59:59.999Z' },
  { name: 'young', started: '2026-11-20T10:00:00.000Z', completed: '2026-11-20T10:05:00.000Z' },
  {
    name: 'young-gone',
    started: '2026-11-20T10:00:00.000Z',
    completed: '2026-11-20T10:05:00.000Z',
    ended: '2026-11-21T00:00:00.000Z',
  },
];

beforeAll(async () => {
  audit = await startAudit();
  funnel = audit.app.get(FunnelStore);
  const events = tales.flatMap(eventsOf);
  // Out of order, and some of them twice under other ids.
  await audit.append(events.toReversed());
  await audit.append(
    eventsOf({ name: 'stays', started: '2026-09-01T23:59:59.999Z', completed: '2026-09-05T00:00:00.000Z' }),
  );
  await audit.follower.catchUp();
}, 60_000);
afterAll(async () => {
  await audit?.stop();
});

const counted = (from: string, to: string) => funnel.count({ from: new Date(from), to: new Date(to) }, now);
const row = (day: string, tier: number, counts: [number, number, number, number, number]) => ({
  day,
  tier,
  billing_cycle: 'monthly',
  started: counts[0],
  completed: counts[1],
  active_after_30_days: counts[2],
  not_30_days_yet: counts[3],
  canceled: counts[4],
});

describe('the funnel', () => {
  it('waits for the first entry of an empty trail', async () => {
    const empty = await startAudit();
    try {
      for (let look = 0; look < 3; look += 1) await empty.app.get(FunnelStore).rollUp();
      await empty.append(eventsOf({ name: 'first', started: '2026-09-01T10:00:00.000Z' }));
      await empty.follower.catchUp();
      const days = { from: new Date('2026-09-01'), to: new Date('2026-09-02') };
      expect(await empty.app.get(FunnelStore).count(days, now)).toMatchObject([{ started: 1 }]);
    } finally {
      await empty.stop();
    }
  });

  it('follows the checkouts of a day, by plan: completed, active after thirty days, canceled', async () => {
    expect(await counted('2026-09-01', '2026-09-02')).toEqual([
      row('2026-09-01', 1, [5, 3, 2, 0, 2]),
      row('2026-09-01', 2, [1, 1, 1, 0, 0]),
    ]);
  });

  it('says of those that are not thirty days old that it cannot say yet', async () => {
    expect(await counted('2026-11-20', '2026-11-21')).toEqual([row('2026-11-20', 1, [2, 2, 0, 1, 1])]);
  });

  it('takes the first day whole and the last not at all', async () => {
    expect((await counted('2026-08-31', '2026-09-01')).map(({ started }) => started)).toEqual([1]);
    expect(await counted('2026-09-02', '2026-11-20')).toEqual([]);
  });

  it('counts the same however much of the trail was counted at once', async () => {
    const whole = await counted('2026-08-01', '2026-12-01');
    await audit.superuser('UPDATE audit.funnel_position SET seq = 0; TRUNCATE audit.funnel_checkout, audit.funnel_end');
    for (let look = 0; look < 100; look += 1) await audit.superuser('SELECT audit.roll_up_funnel(1)');
    expect(await counted('2026-08-01', '2026-12-01')).toEqual(whole);
  });
});

describe('GET /v1/funnel', () => {
  it('answers at once what was told a moment ago, and is an entry', async () => {
    await audit.append(eventsOf({ name: 'fresh', started: new Date().toISOString() }));
    const { status, body } = await audit.get('/v1/funnel');
    expect({ status, body }).toMatchObject({
      status: 200,
      body: { data: expect.arrayContaining([expect.objectContaining({ started: 1 })]) },
    });
    const [look] = await audit.entries('type=audit.trail.read&limit=1');
    expect(look?.data).toEqual({ what: 'funnel', request: '/v1/funnel' });
  });

  it.each([
    ['from=2026-09-02&to=2026-09-02', /earlier/],
    ['from=2026-09-01T00:00:00Z', /a day such as/],
    ['from=2026-02-30', /a day such as/],
    ['from=2024-01-01&to=2026-09-02', /400 days/],
    ['by=week', /no by here/],
  ])('refuses ?%s', async (query, detail) => {
    expect(await audit.get(`/v1/funnel?${query}`)).toMatchObject({
      status: 400,
      body: { code: 'request_invalid', detail: expect.stringMatching(detail) },
    });
  });

  it('is for ops alone', async () => {
    expect(await audit.get('/v1/funnel', ['user'])).toMatchObject({ status: 403 });
  });
});

it('means the last thirty days, today included, unless told otherwise', () => {
  expect(toDays({}, now)).toEqual({ from: new Date('2026-10-25'), to: new Date('2026-11-24') });
  expect(toDays({ to: '2026-11-01' }, now)).toEqual({ from: new Date('2026-10-02'), to: new Date('2026-11-01') });
});
