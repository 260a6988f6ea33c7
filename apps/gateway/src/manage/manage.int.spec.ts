import { afterAll, afterEach, beforeAll, describe, expect, it, test } from '@jest/globals';
import { waitFor } from '@billhook/testing';
import { publishedAbout, startGateway } from '../running-gateway.spec-support.js';
import type { TestGateway } from '../running-gateway.spec-support.js';
import { subscribe as subscribeTo } from '../subscriber.spec-support.js';
import type { Plan, Subscriber } from '../subscriber.spec-support.js';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.stop());
afterEach(() => gateway.simulator.setWeather('clear'));

const subscribe = (userId: string, plan?: Plan): Promise<Subscriber> => subscribeTo(gateway, userId, plan);
const eliteMonthly = { tier: 2, billing_cycle: 'monthly' } as const;
const atStripe = (subscriptionId: string) => gateway.simulator.stripe.subscriptions.retrieve(subscriptionId);
const published = (userId: string, type: string) =>
  publishedAbout(gateway, userId).filter((event) => event.type === type);

describe('POST /cancel-subscription', () => {
  it('ends the subscription at the period’s end, shows it at once, and announces it', async () => {
    const { user, subscriptionId, announce } = await subscribe('leaver');
    const answer = await user.submit('/cancel-subscription', { immediate: 'false' });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/profile?message=cancel_scheduled']);
    const subscription = await atStripe(subscriptionId);
    expect([subscription.status, subscription.cancel_at_period_end]).toEqual(['active', true]);

    const { json } = await user.api('GET', '/v1/account');
    const endsAt = new Date((subscription.items.data[0]?.current_period_end ?? 0) * 1000).toISOString();
    expect(json).toMatchObject({ tier: 1, pending: { change: 'cancel_at_period_end', ends_at: endsAt } });
    const page = await user.page('/profile?message=cancel_scheduled');
    expect(page.text).toContain('will not renew');
    expect(page.text).toContain('its confirmation is on the way');
    expect(page.text).toContain('action="/resume-subscription"');

    await announce(2, { cancel_at_period_end: true, will_renew: false });
    expect((await user.api('GET', '/v1/account')).json['pending']).toBeNull();
    expect((await user.page('/profile')).text).toContain('ends on December 1, 2026');
    await waitFor('the announcement', () => published('leaver', 'billing.cancellation.requested').length > 0);
    expect(published('leaver', 'billing.cancellation.requested').map((event) => event.data)).toEqual([
      { user_id: 'leaver', subscription_id: subscriptionId, immediate: false, outcome: 'accepted' },
    ]);
  });

  it('ends it at once when told so; the tier stays as it is until the event says otherwise', async () => {
    const { user, subscriptionId } = await subscribe('quitter');
    const answer = await user.submit('/cancel-subscription', { immediate: 'true' });
    expect(answer.headers.get('location')).toBe('/profile?message=canceled_now');
    expect((await atStripe(subscriptionId)).status).toBe('canceled');
    expect((await user.api('GET', '/v1/account')).json).toMatchObject({ tier: 1, pending: { change: 'cancel_now' } });
    expect((await user.page('/profile')).text).toContain('is being canceled');
  });

  it('is at the period’s end when the form does not say', async () => {
    const { user, subscriptionId } = await subscribe('terse');
    await user.submit('/cancel-subscription', {});
    expect((await atStripe(subscriptionId)).cancel_at_period_end).toBe(true);
  });

  it('F59: is one cancellation at once, however often it is clicked', async () => {
    const { user, subscriptionId } = await subscribe('hammerer');
    const before = gateway.simulator.requests.length;
    const clicks = Array.from({ length: 20 }, () => user.api('POST', '/v1/subscription/cancel', { immediate: true }));
    const answers = await Promise.all(clicks);
    expect(answers.map((answer) => answer.status)).toEqual(Array(20).fill(200));
    const asked = gateway.simulator.requests.slice(before).filter((request) => request.startsWith('DELETE'));
    expect(asked).toEqual([`DELETE /v1/subscriptions/${subscriptionId}`]);
  });

  it('F59: is one cancellation at the period’s end, however often it is clicked', async () => {
    const { user, subscriptionId } = await subscribe('gentle-hammerer');
    const before = gateway.simulator.requests.length;
    const clicks = Array.from({ length: 20 }, () => user.api('POST', '/v1/subscription/cancel', {}));
    const answers = await Promise.all(clicks);
    expect(answers.map((answer) => answer.status)).toEqual(Array(20).fill(200));
    const asked = gateway.simulator.requests.slice(before).filter((request) => request.startsWith('POST'));
    expect(asked).toEqual([`POST /v1/subscriptions/${subscriptionId}`]);
  });

  it('F56: at once is done although the answer to it is lost, and the second try is refused', async () => {
    const { user, subscriptionId } = await subscribe('cut-off');
    gateway.simulator.setWeather('first_answer_lost', /^DELETE /);
    const answer = await user.api('POST', '/v1/subscription/cancel', { immediate: true });
    expect([answer.status, answer.json['pending']]).toEqual([200, expect.objectContaining({ change: 'cancel_now' })]);
    expect((await atStripe(subscriptionId)).status).toBe('canceled');
  });

  it('takes the place of a downgrade that was to come', async () => {
    const { user, subscriptionId, periodEnd } = await subscribe('leaving-anyway', eliteMonthly);
    const plan = { tier: 1, billing_cycle: 'monthly' };
    const { json } = await user.api('POST', '/v1/subscription/change-preview', plan);
    await user.api('POST', '/v1/subscription/change', { ...plan, proration_date: json['proration_date'] });
    expect((await user.api('POST', '/v1/subscription/cancel', {})).status).toBe(200);
    const { cancel_at, schedule, items } = await atStripe(subscriptionId);
    expect([cancel_at, schedule]).toEqual([periodEnd.getTime() / 1000, null]);
    expect(items.data[0]?.price.id).toBe('price_elite_monthly');
  });

  it('does nothing on a word that is neither true nor false', async () => {
    const { user, subscriptionId } = await subscribe('vague');
    expect((await user.submit('/cancel-subscription', { immediate: 'maybe' })).status).toBe(400);
    expect((await atStripe(subscriptionId)).cancel_at_period_end).toBe(false);
  });
});

describe('POST /v1/subscription/cancel and resume', () => {
  it('answer with the account, the change on top', async () => {
    const { user, subscriptionId } = await subscribe('undecided');
    const canceled = await user.api('POST', '/v1/subscription/cancel', { immediate: false });
    expect([canceled.status, canceled.json['pending']]).toEqual([
      200,
      expect.objectContaining({ change: 'cancel_at_period_end' }),
    ]);
    const resumed = await user.api('POST', '/v1/subscription/resume');
    expect(resumed.status).toBe(200);
    // The account still says that it renews, so there is nothing left to show on top.
    expect(resumed.json['pending']).toBeNull();
    expect((await atStripe(subscriptionId)).cancel_at_period_end).toBe(false);
    await waitFor('the announcement', () => published('undecided', 'billing.resumption.requested').length > 0);
  });

  it('lets a paused one go on, charges for one new period however often it is asked, and says that it is on its way', async () => {
    const { user, customerId, subscriptionId, announce } = await subscribe('paused');
    const { subscriptions, invoices } = gateway.simulator.stripe;
    await subscriptions.pause(subscriptionId, {
      type: 'subscription',
      bill_for: { unused_time_from: { type: 'none' } },
    });
    await announce(2, { status: 'paused', is_active: false, will_renew: false });
    // A button of before the pause takes nothing back, and charges nobody.
    await user.submit('/resume-subscription', {});
    expect((await atStripe(subscriptionId)).status).toBe('paused');
    const first = await user.submit('/resume-subscription', { ends_pause: 'true' });
    expect(first.headers.get('location')).toBe('/profile?message=resuming');
    expect((await user.page('/profile?message=resuming')).text).toContain('once its payment has come in');
    expect((await atStripe(subscriptionId)).status).toBe('active');
    await user.submit('/resume-subscription', { ends_pause: 'true' });
    await user.api('POST', '/v1/subscription/resume', { ends_pause: true });
    const { data } = await invoices.list({ customer: customerId });
    expect(data.map(({ status, total }) => [status, total])).toEqual([
      ['paid', 999],
      ['paid', 999],
    ]);
  });

  it('keeps a paused one paused whose card is declined, says so, and leads to the invoice that can be paid', async () => {
    const { user, customerId, subscriptionId, announce } = await subscribe('paused-declined');
    const { paymentMethods, subscriptions, invoices } = gateway.simulator.stripe;
    const { id } = await paymentMethods.attach('pm_card_chargeCustomerFail', { customer: customerId });
    await subscriptions.update(subscriptionId, { default_payment_method: id });
    await subscriptions.pause(subscriptionId, {
      type: 'subscription',
      bill_for: { unused_time_from: { type: 'none' } },
    });
    await announce(2, { status: 'paused', is_active: false, will_renew: false });
    const answer = await user.submit('/resume-subscription', { ends_pause: 'true' });
    expect(answer.headers.get('location')).toBe('/profile?message=resume_unpaid');
    expect((await atStripe(subscriptionId)).status).toBe('paused');
    const { data } = await invoices.list({ customer: customerId, status: 'open' });
    expect(data).toHaveLength(1);
    const profile = (await user.page('/profile?message=resume_unpaid')).text;
    expect(profile).toContain('still paused');
    expect(profile).toContain(`<a class="button green" href="${data[0]?.hosted_invoice_url}">Finish the payment</a>`);
    expect(profile).not.toContain('Let it go on');
    await waitFor('the announcement', () => published('paused-declined', 'billing.resumption.requested').length > 0);
    expect(published('paused-declined', 'billing.resumption.requested')[0]?.data['outcome']).toBe('payment_required');
  });

  it('takes back an end that was scheduled by date, as the portal does it', async () => {
    const { user, subscriptionId, announce } = await subscribe('portal-leaver');
    const { items } = await atStripe(subscriptionId);
    const end = items.data[0]?.current_period_end ?? 0;
    await gateway.simulator.stripe.subscriptions.update(subscriptionId, { cancel_at: end });
    await announce(2, { cancel_at: new Date(end * 1000).toISOString(), will_renew: false });
    const { json } = await user.api('POST', '/v1/subscription/resume');
    expect(json['pending']).toMatchObject({ change: 'resume', ends_at: null });
    expect((await atStripe(subscriptionId)).cancel_at).toBeNull();
    expect((await user.page('/profile')).text).toContain('Pro renews on');
  });

  it('may be asked twice: the second time nothing is left to do', async () => {
    const { user } = await subscribe('repeater');
    await user.api('POST', '/v1/subscription/cancel', {});
    expect((await user.api('POST', '/v1/subscription/cancel', {})).status).toBe(200);
    await waitFor('both announcements', () => published('repeater', 'billing.cancellation.requested').length === 2);
    expect(published('repeater', 'billing.cancellation.requested').map((event) => event.data['outcome'])).toEqual([
      'accepted',
      'already_scheduled',
    ]);
  });

  test.each([
    ['POST', '/v1/subscription/cancel'],
    ['POST', '/v1/subscription/resume'],
    ['POST', '/v1/portal-sessions'],
  ])('%s %s is 409 no_subscription for who has none', async (method, path) => {
    const user = await gateway.as('free-rider');
    const answer = await user.api(method, path, {});
    expect([answer.status, answer.json['code']]).toEqual([409, 'no_subscription']);
  });

  test.each([{ immediate: 'yes' }, { immediate: 1 }, { immediate: true, subscription_id: 'sub_other' }])(
    'refuses %j',
    async (body) => {
      const answer = await (await gateway.as('careless')).api('POST', '/v1/subscription/cancel', body);
      expect([answer.status, answer.json['code']]).toEqual([400, 'request_invalid']);
    },
  );

  it('tells people on a page that there is nothing to cancel', async () => {
    const user = await gateway.as('free-reader');
    const answer = await user.submit('/cancel-subscription', { immediate: 'false' });
    expect(answer.status).toBe(409);
    expect(answer.text).toContain('There is no subscription');
    expect((await user.page('/manage-subscription')).status).toBe(409);
  });

  it('says 502 when Stripe fails, announces the outcome, and shows nothing as pending', async () => {
    const { user, subscriptionId } = await subscribe('stormy');
    gateway.simulator.setWeather('failing', /^POST /);
    const answer = await user.api('POST', '/v1/subscription/cancel', {});
    expect([answer.status, answer.json['code']]).toEqual([502, 'stripe_unavailable']);
    expect((await user.api('GET', '/v1/account')).json['pending']).toBeNull();
    expect((await atStripe(subscriptionId)).cancel_at_period_end).toBe(false);
    await waitFor('the announcement', () => published('stormy', 'billing.cancellation.requested').length > 0);
    expect(published('stormy', 'billing.cancellation.requested')[0]?.data['outcome']).toBe('stripe_unavailable');
  });
});

describe('the customer portal', () => {
  it('is reached by a link, comes back to the profile, and is announced', async () => {
    const { user } = await subscribe('manager');
    const answer = await user.page('/manage-subscription');
    expect(answer.status).toBe(303);
    const portal = await fetch(answer.headers.get('location') ?? '');
    expect(await portal.text()).toContain(`${gateway.publicUrl}/profile`);
    expect((await user.api('POST', '/v1/portal-sessions')).json['url']).toMatch(/^http/);
    await waitFor('both announcements', () => published('manager', 'billing.portal.opened').length === 2);
  });

  test.each([
    ['payment_method', { type: 'payment_method_update' }],
    ['cancel', { type: 'subscription_cancel' }],
    ['update', { type: 'subscription_update' }],
  ])('opens at %s for who comes for that alone, and goes back from there', async (flow, expected) => {
    const { user } = await subscribe(`deep-${flow}`);
    const { status, json } = await user.api('POST', '/v1/portal-sessions', { flow, return_to: 'pricing' });
    expect(status).toBe(201);
    const { body } = await eventOf('billing_portal.session.created', String(json['url']).split('/').at(-1) ?? '');
    expect(body).toMatchObject({
      return_url: `${gateway.publicUrl}/pricing`,
      flow: { ...expected, after_completion: { redirect: { return_url: `${gateway.publicUrl}/pricing` } } },
    });
  });

  it('leads back to the dashboard where that is asked for, and to no address of the caller’s own', async () => {
    const { user } = await subscribe('homebound');
    const answer = await user.page('/manage-subscription?return_to=dashboard');
    expect(await (await fetch(answer.headers.get('location') ?? '')).text()).toContain(
      'https://app.example.com/dashboard',
    );
    const evil = await user.api('POST', '/v1/portal-sessions', { return_to: 'https://evil.example' });
    expect([evil.status, evil.json['code']]).toEqual([400, 'request_invalid']);
    expect((await user.page('/manage-subscription?return_url=//evil.example')).status).toBe(400);
  });

  it('has nothing to cancel for who has cancelled', async () => {
    const { user } = await subscribe('gone-already');
    await user.api('POST', '/v1/subscription/cancel', { immediate: true });
    const answer = await user.api('POST', '/v1/portal-sessions', { flow: 'cancel' });
    expect([answer.status, answer.json['code']]).toEqual([409, 'no_subscription']);
    expect((await user.api('POST', '/v1/portal-sessions', { flow: 'payment_method' })).status).toBe(201);
  });
});

/** What Stripe's newest event of a type says about an object. */
async function eventOf(type: string, id: string): Promise<{ body: object }> {
  const { data } = await gateway.simulator.stripe.events.list({ type, limit: 100 });
  const found = data.map((event) => event.data.object).find((object) => 'id' in object && object.id === id);
  if (found === undefined) throw new Error(`no ${type} of ${id}`);
  return { body: found };
}
