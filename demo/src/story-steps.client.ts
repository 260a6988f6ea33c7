import { signStripe, waitFor } from '@billhook/testing';
import { randomUUID } from 'node:crypto';
import { hiddenFieldsOf, locationOf } from './browser.client.js';
import {
  deliveredTypes,
  waitOnSuccessPage,
  goToCheckout,
  stripeEventIds,
  submitCard,
} from './story-checkout.client.js';
import { expectStatus, expectThat, storyUserAgent } from './story-world.client.js';
import type { AccountAnswer, StoryWorld } from './story-world.client.js';

export async function signIn(world: StoryWorld): Promise<string[]> {
  const { gatewayUrl } = world.system;
  const stranger = await world.browser.get(`${gatewayUrl}/v1/account`);
  expectStatus(stranger, 401);
  const token = await world.tokenFor({ sub: world.userId, email: `${world.userId}@example.com` });
  const session = await world.browser.post(`${gatewayUrl}/v1/session`, { authorization: `Bearer ${token}` });
  expectThat(session.status < 300, `a session, not ${session.status}: ${session.body}`);
  const account = await world.account();
  expectTier(account, 0);
  expectThat(account.subscription === null, 'no subscription yet');
  return [
    'without a session GET /v1/account answers 401',
    `POST /v1/session with the token of ${world.userId} sets the cookie; ${told(account)}`,
  ];
}

export async function chooseProMonthly(world: StoryWorld): Promise<string[]> {
  const first = await goToCheckout(world);
  const customer = await world.customerIdAtStripe();
  const second = await goToCheckout(world);
  expectThat((await world.customerIdAtStripe()) === customer, 'the customer to be remembered');
  expectThat(second.id === first.id, `the open session to be reused, not ${second.id}`);
  const session = await world.stripe.checkout.sessions.retrieve(first.id);
  expectThat(session.allow_promotion_codes === true, 'promotion codes to be allowed');
  const { user_id, tier, billing_cycle } = session.metadata ?? {};
  expectThat(
    user_id === world.userId && tier === '1' && billing_cycle === 'monthly',
    'user, tier and cycle in the metadata',
  );
  return [
    `303 to ${first.url}`,
    `promotion codes allowed; metadata user_id=${user_id} tier=${tier} billing_cycle=${billing_cycle}`,
    `asked twice: one customer (${customer}) and one open session`,
  ];
}

export async function pay(world: StoryWorld): Promise<string[]> {
  const { id, url } = await goToCheckout(world);
  const paid = await submitCard(world, url, '4242 4242 4242 4242');
  expectStatus(paid, 303);
  const success = locationOf(paid);
  expectThat(
    success.startsWith(`${world.system.gatewayUrl}/payment/success`),
    `the way back to lead to us, not ${success}`,
  );
  world.successUrl = success;
  const session = await world.stripe.checkout.sessions.retrieve(id);
  expectThat(session.payment_status === 'paid', `the session to be paid, not ${session.payment_status}`);
  const delivered = await waitFor('Stripe’s events to be delivered', () => deliveredTypes(world, paidEvents));
  return [`303 to ${success}`, `delivered: ${delivered.join(', ')}`];
}

const paidEvents = ['checkout.session.completed', 'customer.subscription.created', 'invoice.paid'];

export async function seePro(world: StoryWorld): Promise<string[]> {
  const page = await waitOnSuccessPage(world);
  expectThat(page.body.includes('Pro'), 'the page to name the plan');
  const account = await world.account();
  expectTier(account, 1);
  const end = account.subscription?.current_period_end;
  expectThat(typeof end === 'string', 'the end of the period');
  expectThat(account.subscription?.will_renew === true, 'a subscription that renews');
  return ['GET /payment/success answered once the event was in', told(account)];
}

export async function readTrail(world: StoryWorld): Promise<string[]> {
  const wanted = [
    'billing.account.opened',
    'billing.checkout.started',
    ...paidEvents.map((type) => `stripe.${type}`),
    'billing.subscription.started',
    'billing.tier.changed',
    'billing.payment.succeeded',
  ];
  const everyEvent = await stripeEventIds(world);
  const entries = await waitFor('the trail to hold every one of Stripe’s events and of ours', async () => {
    const found = await world.entries({ user_id: world.userId });
    const [ids, types] = [new Set(found.map(({ id }) => id)), new Set(found.map(({ type }) => type))];
    return wanted.every((type) => types.has(type)) && everyEvent.every((id) => ids.has(id)) && found;
  });
  const started = entries.find((entry) => entry.type === 'billing.checkout.started');
  expectThat(started?.user_agent === storyUserAgent, `the browser’s user agent, not ${String(started?.user_agent)}`);
  expectThat(started.ip !== null && started.ip !== '', 'the browser’s address');
  const payments = entries.filter((entry) => entry.type === 'billing.payment.succeeded');
  expectThat(payments.length === 1, `one payment, not ${payments.length}`);
  return [
    `${entries.length} entries for ${world.userId}, all ${everyEvent.length} Stripe events among them`,
    `checkout started from ${started.ip} by ${started.user_agent}`,
  ];
}

export async function cancelAtPeriodEnd(world: StoryWorld): Promise<string[]> {
  const { gatewayUrl } = world.system;
  const shown = await world.browser.get(`${gatewayUrl}/profile`);
  const fields = { ...hiddenFieldsOf(shown), immediate: 'false' };
  const answer = await world.browser.submit(`${gatewayUrl}/cancel-subscription`, fields);
  expectStatus(answer, 303);
  const account = await waitFor('the cancellation to be confirmed by its event', async () => {
    const now = await world.account();
    return now.subscription?.will_renew === false && now.pending === null && now;
  });
  expectTier(account, 1);
  const profile = await world.browser.get(`${gatewayUrl}/profile`);
  expectStatus(profile, 200);
  const until = profileDate(account);
  expectThat(profile.body.includes(until), `the profile to say until when (${until})`);
  return [told(account), `GET /profile says until ${until}`];
}

export async function passPeriodEnd(world: StoryWorld): Promise<string[]> {
  const end = (await world.account()).subscription?.current_period_end;
  expectThat(typeof end === 'string', 'the end of the period');
  await world.simulator('advance', { to: Math.floor(Date.parse(end) / 1000) + 60 });
  const account = await waitFor('Free', async () => {
    const now = await world.account();
    return now.tier === 0 && now;
  });
  const delivered = await waitFor('the deletion to be delivered', () =>
    deliveredTypes(world, ['customer.subscription.deleted']),
  );
  return [`Stripe’s clock is past ${end}; delivered: ${delivered.join(', ')}`, told(account)];
}

export async function tryDeclinedCard(world: StoryWorld): Promise<string[]> {
  const { id, url } = await goToCheckout(world);
  const declined = await submitCard(world, url, '4000 0000 0000 0002');
  expectStatus(declined, 402);
  expectThat(/declined/i.test(declined.body), 'the page to say that the card was declined');
  const session = await world.stripe.checkout.sessions.retrieve(id);
  expectThat(session.status === 'open' && session.payment_status === 'unpaid', 'the session to stay open and unpaid');
  const account = await world.account();
  expectTier(account, 0);
  const customer = await world.customerIdAtStripe();
  const live = await world.stripe.subscriptions.list({ customer });
  expectThat(live.data.length === 0, 'no live subscription at Stripe');
  return ['402, “Your card was declined.”; the session stays open', told(account)];
}

export async function forgeWebhook(world: StoryWorld): Promise<string[]> {
  const id = `evt_forged_${randomUUID().slice(0, 8)}`;
  const body = JSON.stringify({
    id,
    object: 'event',
    type: 'customer.subscription.updated',
    created: 1,
    data: { object: {} },
  });
  const forged = signStripe(body, 'whsec_not_the_secret');
  const before = await rejections(world);
  const response = await fetch(`${world.system.ingressUrl}/webhook/stripe`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'stripe-signature': forged },
    body,
    signal: AbortSignal.timeout(10_000),
  });
  const problem = await response.text();
  expectThat(
    response.status === 400 && problem.includes('"signature_mismatch"'),
    `400 signature_mismatch, not ${response.status} ${problem}`,
  );
  await waitFor('the rejection in the trail', async () => (await rejections(world)) > before);
  const trace = await world.asOps(`${world.system.auditUrl}/v1/entries/${id}`);
  expectThat(trace.status === 404, `no entry for the forged event, not ${trace.status}`);
  expectTier(await world.account(), 0);
  return ['400 signature_mismatch; ingress.delivery.rejected is in the trail; the forged event is not'];
}

async function rejections(world: StoryWorld): Promise<number> {
  return (await world.entries({ type: 'ingress.delivery.rejected' })).length;
}

function expectTier(account: AccountAnswer, tier: 0 | 1 | 2): void {
  expectThat(account.tier === tier, `tier ${tier}, not ${account.tier} (${account.tier_name})`);
}

function told({ tier_name, subscription, version }: AccountAnswer): string {
  const period =
    subscription === null ? '' : `, period ends ${subscription.current_period_end}, renews: ${subscription.will_renew}`;
  return `GET /v1/account: tier ${tier_name}${period} (version ${version})`;
}

/** As the profile writes dates. */
function profileDate(account: AccountAnswer): string {
  const end = account.subscription?.current_period_end;
  expectThat(typeof end === 'string', 'the end of the period');
  return new Intl.DateTimeFormat('en-US', { dateStyle: 'long', timeZone: 'UTC' }).format(new Date(end));
}
