import { afterAll, afterEach, beforeAll, describe, expect, it, test } from '@jest/globals';
import { waitFor } from '@billhook/testing';
import { publishedAbout, startGateway } from '../running-gateway.spec-support.js';
import type { TestGateway } from '../running-gateway.spec-support.js';
import { idOf } from '../simulator.spec-support.js';
import { subscribe as subscribeTo } from '../subscriber.spec-support.js';
import type { Plan, Subscriber } from '../subscriber.spec-support.js';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.stop());
afterEach(() => gateway.simulator.setWeather('clear'));

const proMonthly = { tier: 1, billing_cycle: 'monthly' } as const;
const proYearly = { tier: 1, billing_cycle: 'yearly' } as const;
const eliteMonthly = { tier: 2, billing_cycle: 'monthly' } as const;
const eliteYearly = { tier: 2, billing_cycle: 'yearly' } as const;

const subscribe = (userId: string, plan: Plan = proMonthly): Promise<Subscriber> => subscribeTo(gateway, userId, plan);
const requested = (userId: string) =>
  publishedAbout(gateway, userId).filter((event) => event.type === 'billing.change.requested');
const priceOf = async (subscriptionId: string): Promise<string | undefined> =>
  (await gateway.simulator.stripe.subscriptions.retrieve(subscriptionId)).items.data[0]?.price.id;
const invoicesOf = async (subscriptionId: string) =>
  (await gateway.simulator.stripe.invoices.list({ subscription: subscriptionId, limit: 100 })).data;

async function preview({ user }: Subscriber, plan: Plan) {
  const { status, json } = await user.api('POST', '/v1/subscription/change-preview', plan);
  expect(status).toBe(200);
  return json;
}

const confirm = ({ user }: Subscriber, plan: Plan, prorationDate: unknown) =>
  user.api('POST', '/v1/subscription/change', { ...plan, proration_date: prorationDate });

async function change(subscriber: Subscriber, plan: Plan) {
  return confirm(subscriber, plan, (await preview(subscriber, plan))['proration_date']);
}

/** Makes the card that pays decline from now on. */
async function spoilCard(customerId: string): Promise<void> {
  const { stripe } = gateway.simulator;
  const method = await stripe.paymentMethods.attach('pm_card_chargeCustomerFail', { customer: customerId });
  const { data } = await stripe.subscriptions.list({ customer: customerId });
  for (const { id } of data) await stripe.subscriptions.update(id, { default_payment_method: method.id });
}

describe('POST /v1/subscription/change-preview', () => {
  it('tells what an upgrade charges now and at renewal, in Stripe’s own figures, and changes nothing', async () => {
    const subscriber = await subscribe('looker');
    const told = await preview(subscriber, eliteMonthly);
    expect(told).toMatchObject({ ...eliteMonthly, takes_effect: 'now', effective_at: null, currency: 'usd' });
    const stripes = await gateway.simulator.stripe.invoices.createPreview({
      subscription: subscriber.subscriptionId,
      subscription_details: {
        items: [{ id: subscriber.itemId, price: 'price_elite_monthly' }],
        proration_behavior: 'always_invoice',
        proration_date: Number(told['proration_date']),
      },
    });
    expect(told['due_now']).toBe(stripes.amount_due);
    expect(told['lines']).toEqual(stripes.lines.data.map(({ description, amount }) => ({ description, amount })));
    expect(told['renewal']).toEqual({ amount: 2999, at: subscriber.periodEnd.toISOString() });
    expect(await priceOf(subscriber.subscriptionId)).toBe('price_pro_monthly');
    expect(await invoicesOf(subscriber.subscriptionId)).toHaveLength(1);
  });

  it('says that a downgrade costs nothing now and begins when what was paid for is used up', async () => {
    const subscriber = await subscribe('saver', eliteMonthly);
    expect(await preview(subscriber, proMonthly)).toMatchObject({
      takes_effect: 'period_end',
      effective_at: subscriber.periodEnd.toISOString(),
      due_now: 0,
      credit: 0,
      lines: [],
      renewal: { amount: 999, at: subscriber.periodEnd.toISOString() },
    });
  });

  it('shows what is left of a dearer period as credit', async () => {
    const subscriber = await subscribe('switcher', proYearly);
    const told = await preview(subscriber, eliteMonthly);
    expect(told).toMatchObject({ takes_effect: 'now', due_now: 0, renewal: { amount: 2999 } });
    expect(told['credit']).toBeGreaterThan(6_000);
  });
});

describe('POST /v1/subscription/change', () => {
  it('upgrades now, charges exactly what the preview said, and shows it as pending without raising the tier', async () => {
    const subscriber = await subscribe('climber');
    const told = await preview(subscriber, eliteMonthly);
    const answer = await confirm(subscriber, eliteMonthly, told['proration_date']);
    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject({
      tier: 1,
      pending: { change: 'change_now', tier: 2, billing_cycle: 'monthly', subscription_id: subscriber.subscriptionId },
    });
    expect(await priceOf(subscriber.subscriptionId)).toBe('price_elite_monthly');
    const [invoice] = await invoicesOf(subscriber.subscriptionId);
    expect([invoice?.status, invoice?.amount_paid]).toEqual(['paid', told['due_now']]);

    await subscriber.announce(2, { tier: 2, price_id: 'price_elite_monthly' });
    expect((await subscriber.user.api('GET', '/v1/account')).json['pending']).toBeNull();
    await waitFor('the announcement', () => requested('climber').length > 0);
    expect(requested('climber').map((event) => event.data)).toEqual([
      {
        user_id: 'climber',
        subscription_id: subscriber.subscriptionId,
        from: proMonthly,
        to: eliteMonthly,
        outcome: 'accepted',
      },
    ]);
  });

  it('goes from monthly to yearly at once, with a new period', async () => {
    const subscriber = await subscribe('committed');
    expect((await change(subscriber, proYearly)).status).toBe(200);
    const { items } = await gateway.simulator.stripe.subscriptions.retrieve(subscriber.subscriptionId);
    const [item] = items.data;
    expect(item?.price.id).toBe('price_pro_yearly');
    expect((item?.current_period_end ?? 0) - (item?.current_period_start ?? 0)).toBeGreaterThan(364 * 24 * 3600);
  });

  it('schedules a downgrade for the period’s end, which resume takes back', async () => {
    const subscriber = await subscribe('modest', eliteYearly);
    const answer = await change(subscriber, proMonthly);
    expect(answer.json).toMatchObject({
      tier: 2,
      pending: { change: 'change_at_period_end', ...proMonthly, ends_at: subscriber.periodEnd.toISOString() },
    });
    expect((await subscriber.user.page('/profile')).text).toContain('From then on your plan is Pro monthly.');
    expect(await plannedAtStripe(subscriber)).toEqual(['price_elite_yearly', 'price_pro_monthly']);
    expect(await invoicesOf(subscriber.subscriptionId)).toHaveLength(1);

    expect((await subscriber.user.api('POST', '/v1/subscription/resume')).status).toBe(200);
    expect(await plannedAtStripe(subscriber)).toBeNull();
    expect(await priceOf(subscriber.subscriptionId)).toBe('price_elite_yearly');
  });

  it('may be asked for the scheduled downgrade again, and for no other one before that is taken back', async () => {
    const subscriber = await subscribe('wavering', eliteYearly);
    const told = await preview(subscriber, proMonthly);
    await confirm(subscriber, proMonthly, told['proration_date']);
    expect((await confirm(subscriber, proMonthly, told['proration_date'])).status).toBe(200);
    const other = await subscriber.user.api('POST', '/v1/subscription/change-preview', proYearly);
    expect([other.status, other.json['code']]).toEqual([409, 'change_scheduled']);
    const now = await confirm(subscriber, eliteMonthly, told['proration_date']);
    expect([now.status, now.json['code']]).toEqual([409, 'change_scheduled']);
  });

  it('is 409 already_subscribed for the plan that is there, before its event has come', async () => {
    const subscriber = await subscribe('settled');
    await change(subscriber, eliteMonthly);
    for (const path of ['/v1/subscription/change-preview', '/v1/subscription/change']) {
      const body = { ...eliteMonthly, ...(path.endsWith('change') && { proration_date: 1 }) };
      const answer = await subscriber.user.api('POST', path, body);
      expect([answer.status, answer.json['code']]).toEqual([409, 'already_subscribed']);
    }
  });

  it('happens only at figures that were shown: another date is 409 preview_expired', async () => {
    const subscriber = await subscribe('cheater');
    const told = await preview(subscriber, eliteMonthly);
    const later = Math.floor(subscriber.periodEnd.getTime() / 1000) - 60;
    const answer = await confirm(subscriber, eliteMonthly, later);
    expect([answer.status, answer.json['code']]).toEqual([409, 'preview_expired']);
    await gateway.dataSource.query(
      `UPDATE change_preview SET created_at = now() - interval '61 minutes' WHERE user_id = 'cheater'`,
    );
    const stale = await confirm(subscriber, eliteMonthly, told['proration_date']);
    expect(stale.json['code']).toBe('preview_expired');
    expect(await priceOf(subscriber.subscriptionId)).toBe('price_pro_monthly');
  });

  it('keeps the old plan when the card is declined, and says where to pay', async () => {
    const subscriber = await subscribe('broke');
    await spoilCard(subscriber.customerId);
    const told = await preview(subscriber, eliteMonthly);
    const answers = [
      await confirm(subscriber, eliteMonthly, told['proration_date']),
      await confirm(subscriber, eliteMonthly, told['proration_date']),
    ];
    const [answer] = answers;
    expect(answer?.headers.get('content-type')).toContain('application/problem+json');
    expect(answer?.json).toMatchObject({ status: 402, code: 'payment_required' });
    expect(await priceOf(subscriber.subscriptionId)).toBe('price_pro_monthly');
    const { json } = await subscriber.user.api('GET', '/v1/account');
    expect(json).toMatchObject({ tier: 1, pending: null });
    const page = await fetch(String(answer?.json['payment_url']));
    expect(page.status).toBe(200);
    // The same figures confirmed again are the same invoice and not a second try at the card.
    expect(answers[1]?.json['payment_url']).toBe(answer?.json['payment_url']);
    const open = (await invoicesOf(subscriber.subscriptionId)).filter((invoice) => invoice.status === 'open');
    expect(open).toHaveLength(1);
    await waitFor('both announcements', () => requested('broke').length === 2);
    expect(requested('broke').map((event) => event.data['outcome'])).toEqual(['payment_required', 'payment_required']);
  });

  it('happens by itself once that invoice is paid', async () => {
    const subscriber = await subscribe('late-payer');
    await spoilCard(subscriber.customerId);
    const told = await preview(subscriber, eliteMonthly);
    await confirm(subscriber, eliteMonthly, told['proration_date']);
    const [invoice] = await invoicesOf(subscriber.subscriptionId);
    const { stripe } = gateway.simulator;
    const good = await stripe.paymentMethods.attach('pm_card_visa', { customer: subscriber.customerId });
    await stripe.invoices.pay(invoice?.id ?? '', { payment_method: good.id });
    expect(await priceOf(subscriber.subscriptionId)).toBe('price_elite_monthly');
    expect((await confirm(subscriber, eliteMonthly, told['proration_date'])).status).toBe(200);
  });

  test.each<[string, (subscriber: Subscriber) => Promise<unknown>, string]>([
    ['about to end', ({ user }) => user.api('POST', '/v1/subscription/cancel', {}), 'subscription_ending'],
    [
      'paused',
      ({ subscriptionId }) =>
        gateway.simulator.stripe.subscriptions.update(subscriptionId, { pause_collection: { behavior: 'void' } }),
      'subscription_paused',
    ],
    [
      'past due',
      async ({ customerId, subscriptionId, itemId }) => {
        await spoilCard(customerId);
        await gateway.simulator.stripe.subscriptions.update(subscriptionId, {
          items: [{ id: itemId, price: 'price_pro_yearly' }],
        });
      },
      'payment_overdue',
    ],
    ['over', ({ subscriptionId }) => gateway.simulator.stripe.subscriptions.cancel(subscriptionId), 'no_subscription'],
  ])('is refused on a subscription that is %s, by what Stripe says and not the account', async (_, happen, code) => {
    const subscriber = await subscribe(`stuck-${code}`);
    await happen(subscriber);
    for (const [path, more] of [
      ['/v1/subscription/change-preview', {}],
      ['/v1/subscription/change', { proration_date: 1 }],
    ] as const) {
      const answer = await subscriber.user.api('POST', path, { ...eliteMonthly, ...more });
      expect([answer.status, answer.json['code']]).toEqual([409, code]);
    }
  });

  test.each([
    [{ tier: 3, billing_cycle: 'monthly', proration_date: 1 }, 'tier_unknown'],
    [{ tier: 2, billing_cycle: 'weekly', proration_date: 1 }, 'billing_cycle_unknown'],
    [eliteMonthly, 'request_invalid'],
    [{ ...eliteMonthly, proration_date: '1' }, 'request_invalid'],
    [{ ...eliteMonthly, proration_date: 1.5 }, 'request_invalid'],
    [{ ...eliteMonthly, proration_date: -1 }, 'request_invalid'],
    [{ ...eliteMonthly, proration_date: 1, subscription_id: 'sub_other' }, 'request_invalid'],
  ])('refuses %j as %s', async (body, code) => {
    const answer = await (await gateway.as('careless')).api('POST', '/v1/subscription/change', body);
    expect([answer.status, answer.json['code']]).toEqual([400, code]);
  });
});

describe('GET /change-plan', () => {
  it('shows the figures, and its button makes the change', async () => {
    const subscriber = await subscribe('reader');
    const { status, text } = await subscriber.user.page('/change-plan?tier=2&billing_cycle=monthly');
    expect(status).toBe(200);
    expect(text).toMatch(/<dt>Your plan now<\/dt>\s*<dd>Pro monthly<\/dd>/);
    expect(text).toContain('$29.99 per month');
    expect(await priceOf(subscriber.subscriptionId)).toBe('price_pro_monthly');
    const date = /name="proration_date" value="(\d+)"/.exec(text)?.[1] ?? '';
    const answer = await subscriber.user.submit('/change-plan', {
      tier: '2',
      billing_cycle: 'monthly',
      proration_date: date,
    });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/profile?message=changed']);
    expect(await priceOf(subscriber.subscriptionId)).toBe('price_elite_monthly');
    expect((await subscriber.user.page('/profile')).text).toContain('Your plan is changing to Elite monthly.');
  });

  it('says where to pay when the card is declined', async () => {
    const subscriber = await subscribe('poor-reader');
    await spoilCard(subscriber.customerId);
    const told = await preview(subscriber, eliteMonthly);
    const fields = { tier: '2', billing_cycle: 'monthly', proration_date: String(told['proration_date']) };
    const { status, text } = await subscriber.user.submit('/change-plan', fields);
    expect(status).toBe(402);
    expect(text).toContain('Your plan and its price are as they were.');
    expect(text).toContain(`href="${gateway.simulator.url}/i/`);
  });

  it('leads to the prices who has nothing to change, and to the profile who has the plan', async () => {
    const nobody = await gateway.as('newcomer');
    const answer = await nobody.page('/change-plan?tier=2&billing_cycle=monthly');
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/pricing?message=no_subscription']);
    const { user } = await subscribe('has-it');
    const same = await user.page('/change-plan?tier=1&billing_cycle=monthly');
    expect([same.status, same.headers.get('location')]).toEqual([303, '/profile?message=already_subscribed']);
  });

  it('shows what stands in the way, with the button that removes it', async () => {
    const { user } = await subscribe('ending');
    await user.api('POST', '/v1/subscription/cancel', {});
    const { status, text } = await user.page('/change-plan?tier=2&billing_cycle=monthly');
    expect(status).toBe(409);
    expect(text).toContain('action="/resume-subscription"');
  });
});

/** The prices of the schedule's phases; null when there is no schedule. */
async function plannedAtStripe({ subscriptionId }: Subscriber): Promise<string[] | null> {
  const { schedule } = await gateway.simulator.stripe.subscriptions.retrieve(subscriptionId, { expand: ['schedule'] });
  if (schedule === null || typeof schedule === 'string') return null;
  return schedule.phases.flatMap(({ items }) => items.map(({ price }) => idOf(price)));
}
