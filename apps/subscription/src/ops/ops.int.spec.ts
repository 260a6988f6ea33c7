import type { RunningService } from '@billhook/runtime';
import { afterAll, beforeAll, describe, expect, it, test } from '@jest/globals';
import { CustomerStory } from '../customer-story.spec-support.js';
import { World } from '../running-service.spec-support.js';
import { toCursor } from './cursor.js';

let world: World;
let service: RunningService;
const known = new CustomerStory('known');
const stranger = new CustomerStory('stranger', {});

beforeAll(async () => {
  world = await World.create();
  const events = [known.created(), known.invoice('paid'), known.invoice('payment_succeeded'), stranger.created()];
  await world.publish(...events);
  service = await world.start();
  await world.outcomesOf(...events.map(({ id }) => id));
});

afterAll(async () => {
  await world?.end();
});

describe('who may ask', () => {
  test.each(['/v1/events', '/v1/accounts/user-known/explain'])('%s is for ops only', async (path) => {
    expect((await fetch(service.url + path)).status).toBe(401);
    expect(await world.ops(service, path, ['user'])).toMatchObject({ status: 403, body: { code: 'role_missing' } });
    expect((await world.ops(service, path)).status).toBe(200);
  });
});

describe('the list of events', () => {
  test.each([
    ['', ['evt_stranger_1', 'evt_known_3', 'evt_known_2', 'evt_known_1']],
    ['?status=parked', ['evt_stranger_1']],
    ['?status=ignored', ['evt_known_3']],
    ['?status=applied', ['evt_known_2', 'evt_known_1']],
  ])('with %j', async (query, ids) => {
    const { body } = await world.ops(service, `/v1/events${query}`);
    expect(body).toMatchObject({ data: ids.map((id) => ({ id })), next_cursor: null });
  });

  it('says what became of each, and why', async () => {
    const { body } = await world.ops(service, '/v1/events?status=parked');
    expect(body).toEqual({
      data: [
        {
          id: 'evt_stranger_1',
          type: 'stripe.customer.subscription.created',
          status: 'parked',
          reason: 'unknown_customer',
          recorded_at: expect.stringMatching(/^\d{4}-.*Z$/),
        },
      ],
      next_cursor: null,
    });
  });

  it('comes in pages that miss nothing, though a batch is recorded at one moment', async () => {
    const seen: unknown[] = [];
    let cursor: unknown = '';
    for (let page = 0; page < 4; page += 1) {
      const { body } = await world.ops(
        service,
        `/v1/events?limit=1${cursor === '' ? '' : `&cursor=${String(cursor)}`}`,
      );
      expect(body).toMatchObject({ data: [expect.anything()] });
      const answer = Object(body);
      seen.push(...Object.values(Object(Reflect.get(answer, 'data'))).map((entry) => Reflect.get(Object(entry), 'id')));
      cursor = Reflect.get(answer, 'next_cursor');
    }
    expect(seen).toEqual(['evt_stranger_1', 'evt_known_3', 'evt_known_2', 'evt_known_1']);
    expect(cursor).toBeNull();
  });

  test.each([
    ['status=lost', 'status must be one of applied, ignored, parked, retrying'],
    ['limit=0', 'limit must be at least 1'],
    ['limit=101', 'limit must be at most 100'],
    ['cursor=bm9uZQ', 'cursor must be the next_cursor of the page before'],
    ['cursor=!', 'cursor must be the next_cursor of the page before'],
    [
      `cursor=${toCursor({ recordedAt: new Date(0), eventId: '\0' })}`,
      'cursor must be the next_cursor of the page before',
    ],
  ])('refuses %s', async (query, detail) => {
    expect(await world.ops(service, `/v1/events?${query}`)).toMatchObject({
      status: 400,
      body: { code: 'request_invalid', detail },
    });
  });
});

describe('an explanation', () => {
  it('of a user says the tier, why, and which events led there', async () => {
    const { body } = await world.ops(service, '/v1/accounts/user-known/explain');
    expect(body).toMatchObject({
      user_id: 'user-known',
      account: { tier: 1, version: 1 },
      verdict: {
        tier: 1,
        tier_name: 'pro',
        until: null,
        reasons: [{ code: 'subscription_active', text: 'Subscription sub_known is active on Pro.' }],
        alerts: [],
        next_look: { subscription_id: 'sub_known', reason: 'period_end', at: '2026-12-01T00:10:00.000Z' },
        outlook: [
          { subscription_id: 'sub_known', at: '2026-12-01T00:00:00.000Z', text: expect.stringMatching(/^Pro renews/) },
        ],
      },
      customer_ids: ['cus_known'],
      subscriptions: [{ id: 'sub_known', newest_event: { kind: 'created' } }],
      pending_fetches: [],
      last_events: [
        { id: 'evt_known_3', status: 'ignored', reason: 'payment_already_recorded' },
        { id: 'evt_known_2', status: 'applied', reason: null },
        { id: 'evt_known_1', status: 'applied', reason: null },
      ],
    });
  });

  it('of a user never seen is Free, version 0', async () => {
    expect(await world.ops(service, '/v1/accounts/nobody/explain')).toMatchObject({
      status: 200,
      body: {
        account: { tier: 0, version: 0 },
        verdict: { tier: 0, reasons: [{ code: 'no_subscription' }] },
        last_events: [],
      },
    });
  });
});
