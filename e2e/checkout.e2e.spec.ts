import { infrastructureOfThisRun, waitFor } from '@billhook/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { chromium } from 'playwright-core';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { startSystem } from '../demo/src/start-system.process.js';
import type { StartedSystem } from '../demo/src/start-system.process.js';

const paying = '4242 4242 4242 4242';
const declined = '4000 0000 0000 0002';

let started: StartedSystem;
let browser: Browser;
let context: BrowserContext;
let page: Page;
/** What the browser itself complained of on the gateway's pages: a blocked style or form, a failed request. */
let complaints: string[];

beforeAll(async () => {
  started = await startSystem({ infrastructure: infrastructureOfThisRun(), say: () => undefined });
  browser = await chromium.launch({
    executablePath: process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
});

afterAll(async () => {
  await browser?.close();
  await started?.stop();
});

beforeEach(async () => {
  complaints = [];
  context = await browser.newContext();
  page = await context.newPage();
  page.setDefaultTimeout(15_000);
  page.on('console', (message) => {
    const isOurs = message.location().url.startsWith(started.system.gatewayUrl);
    if (isOurs && message.type() === 'error') complaints.push(message.text());
  });
});

afterEach(() => context?.close());

/** From the prices, as a stranger, to Stripe's page, as somebody new. */
async function goToCheckout(email: string): Promise<void> {
  await page.goto(`${started.system.gatewayUrl}/pricing`);
  await page.getByRole('link', { name: 'Pro monthly' }).click();
  await page.waitForURL(`${started.system.simulatorUrl}/sign-in**`);
  await page.getByLabel('E-mail').fill(email);
  await page.getByRole('button', { name: 'Sign in as a new user' }).click();
  await page.waitForURL(`${started.system.simulatorUrl}/c/pay/**`);
}

async function pay(card: string): Promise<void> {
  await page.getByLabel('Card number').fill(card);
  await page.getByLabel('Expiry').fill('12 / 34');
  await page.getByLabel('CVC').fill('123');
  await page.getByRole('button', { name: 'Pay $9.99' }).click();
}

const heading = (name: string | RegExp) => page.getByRole('heading', { level: 1, name });

describe('a customer with a browser', () => {
  it('clicks from the prices through Checkout to a profile that says Pro', async () => {
    await goToCheckout('carol@example.com');
    await pay(paying);
    await page.waitForURL(`${started.system.gatewayUrl}/payment/success**`);
    await heading("You're on Pro").waitFor();
    await page.getByRole('link', { name: 'See your plan' }).click();
    await page.waitForURL(`${started.system.gatewayUrl}/profile`);
    await heading("You're on Pro").waitFor();
    const profile = await page.getByRole('main').innerText();
    expect(profile).toContain('carol@example.com');
    expect(profile).toMatch(/Pro renews on \w+ \d+, \d{4}/);
    expect(profile).toContain('$9.99 per month');
    await page.goto(`${started.system.gatewayUrl}/pricing`);
    expect(await page.getByRole('main').innerText()).toContain('Your plan');
    expect(await page.getByRole('link', { name: 'Pro monthly' }).count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('cancels, changes their mind, and sees each at once', async () => {
    await goToCheckout('dave@example.com');
    await pay(paying);
    await heading("You're on Pro").waitFor();
    await page.goto(`${started.system.gatewayUrl}/profile`);
    await page.getByRole('button', { name: 'Cancel subscription' }).click();
    await page.getByText('Your subscription will not renew').waitFor();
    expect(await page.getByRole('main').innerText()).toMatch(/Pro ends on \w+ \d+, \d{4}/);
    await page.getByRole('button', { name: "Don't cancel" }).click();
    await page.getByText('Welcome back').waitFor();
    expect(await page.getByRole('main').innerText()).toMatch(/Pro renews on \w+ \d+, \d{4}/);
    await page.getByRole('link', { name: 'Manage billing' }).click();
    await page.waitForURL(`${started.system.simulatorUrl}/**`);
    expect(complaints).toEqual([]);
  });

  it('is told that a card was declined, and nothing has changed', async () => {
    await goToCheckout('erin@example.com');
    await pay(declined);
    await page.getByText('Your card was declined').waitFor();
    await page.goto(`${started.system.gatewayUrl}/profile`);
    await heading("You're on Free").waitFor();
    expect(await page.getByRole('button', { name: 'Cancel subscription' }).count()).toBe(0);
  });

  it('leaves Checkout by its way back and is told that nothing was charged', async () => {
    await goToCheckout('frank@example.com');
    await page.getByRole('link', { name: '← back' }).click();
    await heading('Checkout canceled').waitFor();
    await page.getByRole('link', { name: 'Back to pricing' }).click();
    await heading('Choose your plan').waitFor();
    expect(complaints).toEqual([]);
  });

  it('upgrades at figures that a page shows, and takes a downgrade back', async () => {
    await goToCheckout('grace@example.com');
    await pay(paying);
    await heading("You're on Pro").waitFor();
    await page.goto(`${started.system.gatewayUrl}/pricing`);
    await page.getByRole('link', { name: 'Elite monthly' }).click();
    await heading('Change to Elite').waitFor();
    const preview = await page.getByRole('main').innerText();
    const due = /Charged today\s+(\$[\d.]+)/.exec(preview)?.[1] ?? 'nothing';
    expect(preview).toContain('$29.99 per month');
    await page.getByRole('button', { name: `Pay ${due} and change now` }).click();
    await page.getByText('Your plan is being changed').waitFor();
    await waitFor('the event', async () => {
      await page.goto(`${started.system.gatewayUrl}/profile`);
      return (await page.getByRole('heading', { level: 1 }).innerText()) === "You're on Elite";
    });

    await page.goto(`${started.system.gatewayUrl}/upgrade/1`);
    await heading('Change to Pro').waitFor();
    await page.getByRole('button', { name: 'Change at the end of the period' }).click();
    await page.getByText('Your plan will change').waitFor();
    expect(await page.getByRole('main').innerText()).toContain('From then on your plan is Pro monthly.');
    await page.getByRole('button', { name: 'Keep Elite' }).click();
    await page.getByText('Welcome back').waitFor();
    expect(await page.getByRole('main').innerText()).toMatch(/Elite renews on \w+ \d+, \d{4}/);
    expect(complaints).toEqual([]);
  });

  it('sees the confirmation come by itself although Stripe’s events are late', async () => {
    const chaos = (deliveries: object): Promise<Response> =>
      fetch(`${started.system.simulatorUrl}/_simulator/chaos`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ seed: 1, deliveries }),
      });
    await goToCheckout('heidi@example.com');
    await chaos({ delay: { min_ms: 6_000, max_ms: 6_000 } });
    try {
      await pay(paying);
      await heading('Confirming your payment').waitFor();
      expect(await page.getByRole('link', { name: /monthly|yearly|plans/ }).count()).toBe(0);
      await page.reload();
      await heading('Confirming your payment').waitFor();
      await heading("You're on Pro").waitFor();
    } finally {
      await chaos({});
    }
    expect(complaints).toEqual([]);
  });
});
