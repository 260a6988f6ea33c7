import { samples } from '@billhook/contracts';
import type { OutgoingEvent } from '@billhook/messaging';
import { aCheckoutSession, aSubscription } from '@billhook/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startAudit } from '../audit.spec-support.js';
import type { AuditUnderTest } from '../audit.spec-support.js';
import { aDomainEvent, aStripeDelivery, opened } from '../trail.spec-support.js';
import { TimelineStore } from './timeline.store.js';

let audit: AuditUnderTest;
let timelines: TimelineStore;

beforeAll(async () => {
  audit = await startAudit();
  timelines = audit.app.get(TimelineStore);
  await audit.append([linked('zoe')]);
}, 60_000);
afterAll(async () => {
  await audit?.stop();
});

const linked = (user: string): OutgoingEvent =>
  aDomainEvent({ type: 'billing.customer.linked', data: { user_id: user, customer_id: `cus_${user}` } });

/** A purchase as it comes to the trail: what the user asked for, what Stripe told, what was decided, what came of it. */
function purchase(user: string, name: string): OutgoingEvent[] {
  const session = `cs_${name}`;
  const plan = { user_id: user, tier: 1, billing_cycle: 'monthly', session_id: session } as const;
  const subscription = { ...aSubscription({ id: `sub_${name}` }), customer: `cus_${user}`, metadata: {} };
  const created = aStripeDelivery('customer.subscription.created', subscription);
  const view = { ...samples['billing.subscription.started'].after, id: `sub_${name}`, customer_id: `cus_${user}` };
  const cause = { causeid: created.attributes.id, actor: 'service:subscription' };
  return [
    aDomainEvent({ type: 'billing.checkout.started', data: plan }, { requestid: `request-${name}`, causeid: session }),
    aStripeDelivery('checkout.session.completed', {
      ...aCheckoutSession({ id: session }),
      customer: `cus_${user}`,
      client_reference_id: null,
      metadata: {},
    }),
    created,
    aDomainEvent(
      {
        type: 'billing.subscription.started',
        data: { user_id: user, subscription_id: `sub_${name}`, before: null, after: view, reason: 'created' },
      },
      cause,
    ),
    aDomainEvent(
      {
        type: 'billing.tier.changed',
        data: { user_id: user, from: 0, to: 1, reasons: [], at: '2026-11-23T09:00:00.000Z' },
      },
      cause,
    ),
  ];
}

const types = ({ steps }: { steps: { type: string }[] }): string[] => steps.map(({ type }) => type);

describe('GET /v1/users/:id/timeline', () => {
  it('tells what led to what: request, Stripe, decision with before and after, tier', async () => {
    const events = purchase('zoe', 'first');
    await audit.append(events);
    const { status, body } = await audit.get('/v1/users/zoe/timeline');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      user_id: 'zoe',
      next_cursor: null,
      data: [
        {
          steps: [
            { stage: 'stripe', type: 'stripe.customer.subscription.created', cause: null },
            {
              stage: 'decision',
              type: 'billing.subscription.started',
              cause: { id: events[2]?.attributes.id, seq: expect.any(Number) },
              before: null,
              after: { id: 'sub_first', status: 'active' },
            },
            { stage: 'tier', before: 0, after: 1, cause: { id: events[2]?.attributes.id } },
          ],
        },
        {
          steps: [
            { stage: 'request', type: 'billing.checkout.started', request_id: 'request-first' },
            { stage: 'stripe', type: 'stripe.checkout.session.completed' },
          ],
        },
        { steps: [{ type: 'billing.customer.linked' }] },
      ],
    });
  });

  it('is the same in whatever order its entries came', async () => {
    const events = purchase('yve', 'backwards');
    await audit.append([linked('yve'), ...events.toReversed()]);
    const { data } = await timelines.page('yve', 50);
    expect(data.map((story) => types(story).toSorted())).toEqual([
      ['billing.checkout.started', 'stripe.checkout.session.completed'],
      ['billing.subscription.started', 'billing.tier.changed', 'stripe.customer.subscription.created'],
      ['billing.customer.linked'],
    ]);
  });

  it.each([1, 2, 3, 4, 7])(
    'pages by %i entries: each story once, whole, and stable while more comes',
    async (limit) => {
      const user = `paged-${limit}`;
      await audit.append([
        linked(user),
        ...Array.from({ length: 5 }, (_, index) => purchase(user, `${user}-${index}`)).flat(),
      ]);
      const whole = (await timelines.page(user, 100)).data;
      expect(whole).toHaveLength(11);
      const paged: typeof whole = [];
      let cursor: string | null = '';
      while (cursor !== null) {
        const [asOf = '', before = ''] = cursor.split('-');
        const page = await timelines.page(user, limit, cursor === '' ? undefined : { asOf, before });
        paged.push(...page.data);
        cursor = page.next_cursor;
        await audit.append([opened(user), ...purchase(user, `${user}-later-${String(cursor)}`)]);
      }
      expect(paged).toEqual(whole);
    },
  );

  it('shows nothing of another user', async () => {
    const { data } = await timelines.page('zoe', 100);
    const users = data.flatMap(({ steps }) => steps.map((step) => JSON.stringify(step.data)));
    expect(users.filter((text) => /yve|paged/.test(text))).toEqual([]);
    expect((await timelines.page('nobody', 100)).data).toEqual([]);
  });

  it.each(['limit=0', 'limit=101', 'cursor=5', 'cursor=a-b', 'other=1'])('refuses ?%s', async (query) => {
    expect(await audit.get(`/v1/users/zoe/timeline?${query}`)).toMatchObject({
      status: 400,
      body: { code: 'request_invalid' },
    });
  });

  it('is for ops alone, and each look at it is an entry', async () => {
    expect(await audit.get('/v1/users/zoe/timeline', ['user', 'service'])).toMatchObject({ status: 403 });
    await audit.get('/v1/users/zoe/timeline?limit=3');
    const [look] = await audit.entries('type=audit.trail.read&limit=1');
    expect(look).toMatchObject({
      user_id: null,
      data: { what: 'timeline', request: '/v1/users/zoe/timeline?limit=3' },
    });
  });
});
