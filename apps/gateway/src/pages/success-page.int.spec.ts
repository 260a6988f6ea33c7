import { launchBrowser, load, visit, waitFor } from '@billhook/testing';
import type { Visit } from '@billhook/testing';
import { afterAll, beforeAll, describe, expect, it, test } from '@jest/globals';
import type { SubscriptionView } from '@billhook/contracts';
import type { Browser, Page } from 'playwright-core';
import { anAccount, startGateway } from '../running-gateway.spec-support.js';
import type { TestGateway } from '../running-gateway.spec-support.js';
import { idOf } from '../simulator.spec-support.js';

let gateway: TestGateway;
let browser: Browser;
beforeAll(async () => {
  [gateway, browser] = await Promise.all([startGateway(), launchBrowser()]);
});
afterAll(async () => {
  await browser.close();
  await gateway.stop();
});

/** What stands between the browser and its stream of news. */
type Way = 'open' | 'refused' | 'held back';

async function obstruct(page: Page, way: Way): Promise<void> {
  if (way === 'refused') await page.route('**/v1/account/events', (route) => route.abort());
  // As by a proxy that passes an answer on once it has all of it: this one never ends.
  if (way === 'held back') await page.route('**/v1/account/events', () => undefined);
}

interface Buyer extends Visit {
  sessionId: string;
  url: string;
  /** Tells the gateway what has become of the subscription that was paid for. */
  announce: (version: number, changes?: Partial<SubscriptionView>) => Promise<void>;
  /** How often the page has asked for its session by itself. */
  looks: () => number;
}

/** Somebody who has paid and whose browser is about to be sent back; no event of Stripe's has come. */
async function payAs(userId: string, way: Way = 'open'): Promise<Buyer> {
  const user = await gateway.as(userId);
  const { json } = await user.api('POST', '/v1/checkout-sessions', { tier: 1, billing_cycle: 'monthly' });
  const sessionId = String(json['id']);
  await gateway.simulator.pay(String(json['url']));
  const session = await gateway.simulator.stripe.checkout.sessions.retrieve(sessionId);
  const { subscription } = anAccount(userId);
  if (subscription === null) throw new Error('the golden account has a subscription');
  const cookie = { name: 'billhook_session', value: user.token, url: gateway.publicUrl };
  const visited = await visit(browser, { scheme: 'dark', width: 'desktop' }, cookie);
  await obstruct(visited.page, way);
  await visited.page.route('https://app.example.com/**', (route) => route.fulfill({ body: 'the dashboard' }));
  let looks = 0;
  visited.page.on('response', (response) => {
    if (response.url().includes(`/v1/checkout-sessions/${sessionId}`)) looks += 1;
  });
  return {
    ...visited,
    sessionId,
    url: `${gateway.publicUrl}/payment/success?session_id=${sessionId}`,
    announce: async (version, changes = {}) => {
      const now = { ...subscription, id: idOf(session.subscription), ...changes };
      await gateway.announce(anAccount(userId, { version, tier: now.is_active ? 1 : 0, subscription: now }));
    },
    looks: () => looks,
  };
}

const heading = (page: Page, name: string) => page.getByRole('heading', { level: 1, name });

function pullsOf(sessionId: string): Promise<unknown[]> {
  return gateway.dataSource.query(
    `SELECT 1 FROM outbox WHERE type = 'billing.reconcile.requested' AND convert_from(body, 'UTF8')::jsonb->>'session_id' = $1`,
    [sessionId],
  );
}

describe('the success page', () => {
  it('hears that the plan has begun by the stream alone, with every clock of the page stopped', async () => {
    const buyer = await payAs('streamed');
    const now = Date.now();
    await buyer.page.clock.install({ time: now });
    await buyer.page.clock.pauseAt(now + 1_000);
    const stream = buyer.page.waitForResponse('**/v1/account/events');
    await buyer.page.goto(buyer.url);
    await heading(buyer.page, 'Confirming your payment').waitFor();
    await stream;
    await buyer.announce(1);
    await heading(buyer.page, "You're on Pro").waitFor();
    expect(buyer.complaints).toEqual([]);
    await buyer.context.close();
  });

  test.each<Way>(['refused', 'held back'])('asks by itself where the stream is %s, and hears as well', async (way) => {
    const buyer = await payAs(`asking-${way.replace(' ', '-')}`, way);
    await load(buyer.page, buyer.url);
    await heading(buyer.page, 'Confirming your payment').waitFor();
    await buyer.announce(1);
    await heading(buyer.page, "You're on Pro").waitFor();
    expect(buyer.looks()).toBeGreaterThan(0);
    await buyer.context.close();
  });

  it('asks rarely while the stream speaks, and often where there is none', async () => {
    const [heard, unheard] = await Promise.all([payAs('heard'), payAs('unheard', 'refused')]);
    await Promise.all([load(heard.page, heard.url), load(unheard.page, unheard.url)]);
    await waitFor('three looks without a stream', () => unheard.looks() >= 3);
    expect(heard.looks()).toBeLessThanOrEqual(2);
    await Promise.all([heard.context.close(), unheard.context.close()]);
  });

  test.each<Way>(['open', 'refused', 'held back'])(
    'has Stripe’s word asked for after five seconds, once, and says so without moving anything, with the stream %s',
    async (way) => {
      const buyer = await payAs(`late-${way.replace(' ', '-')}`, way);
      await load(buyer.page, buyer.url);
      expect(await buyer.page.getByText('This usually takes a few seconds').isVisible()).toBe(true);
      expect(await pullsOf(buyer.sessionId)).toHaveLength(0);
      await buyer.page.getByText('we have asked Stripe ourselves').waitFor();
      await waitFor('the pull', async () => (await pullsOf(buyer.sessionId)).length > 0);
      expect(await buyer.page.evaluate('globalThis.shifts')).toBe(0);
      await buyer.page.reload();
      expect(await buyer.page.getByText('we have asked Stripe ourselves').isVisible()).toBe(true);
      const before = buyer.looks();
      await waitFor('another look', () => buyer.looks() > before);
      expect(await pullsOf(buyer.sessionId)).toHaveLength(1);
      await buyer.context.close();
    },
  );

  it('offers no second purchase meanwhile, and whoever tries is led to their plan without paying', async () => {
    const { page, context, url } = await payAs('hurried');
    await load(page, url);
    const ways = page.getByRole('main').getByRole('link');
    expect(await ways.evaluateAll((links) => links.map((link) => link.getAttribute('href')))).toEqual([
      url.slice(gateway.publicUrl.length),
      '/profile',
    ]);
    await page.getByRole('link', { name: 'Pricing' }).click();
    await page.getByRole('link', { name: 'Pro monthly' }).click();
    await page.waitForURL(`${gateway.publicUrl}/profile**`);
    await page.getByText('nothing was bought or changed').waitFor();
    await context.close();
  });

  it('survives reloading, leaving and the back button, and then leads on to the dashboard by itself', async () => {
    const { page, context, url, announce, complaints } = await payAs('wanderer');
    await load(page, url);
    await page.reload();
    await heading(page, 'Confirming your payment').waitFor();
    await page.getByRole('link', { name: 'Your profile' }).click();
    await heading(page, "You're on Free").waitFor();
    await page.goBack();
    await heading(page, 'Confirming your payment').waitFor();
    await announce(1);
    await heading(page, "You're on Pro").waitFor();
    expect(await page.getByRole('link', { name: 'Go to the dashboard' }).getAttribute('href')).toBe(
      'https://app.example.com/dashboard',
    );
    await page.waitForURL('https://app.example.com/dashboard');
    await page.goBack();
    await heading(page, "You're on Pro").waitFor();
    await page.getByRole('link', { name: 'Stay here' }).click();
    await page.waitForURL(`${url}&stay=yes`);
    expect(await page.getByText('Taking you to the dashboard').count()).toBe(0);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it('says what is needed, goes on by itself once it is done, and says when it was not', async () => {
    const incomplete = { is_active: false, is_canceled: false, will_renew: false, status: 'incomplete' };
    const [confirmed, given] = await Promise.all([payAs('confirmed'), payAs('given-up')]);
    for (const { page, url, announce } of [confirmed, given]) {
      await load(page, url);
      await announce(1, incomplete);
      await heading(page, 'One more step').waitFor();
    }
    await confirmed.announce(2);
    await heading(confirmed.page, "You're on Pro").waitFor();
    await given.announce(2, { ...incomplete, is_canceled: true, status: 'incomplete_expired' });
    await heading(given.page, 'The payment did not go through').waitFor();
    await Promise.all([confirmed.context.close(), given.context.close()]);
  });
});
