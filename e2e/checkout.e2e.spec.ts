import { infrastructureOfThisRun } from '@billhook/testing';
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
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await started?.stop();
}, 30_000);

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
  }, 60_000);

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
  }, 60_000);

  it('is told that a card was declined, and nothing has changed', async () => {
    await goToCheckout('erin@example.com');
    await pay(declined);
    await page.getByText('Your card was declined').waitFor();
    await page.goto(`${started.system.gatewayUrl}/profile`);
    await heading("You're on Free").waitFor();
    expect(await page.getByRole('button', { name: 'Cancel subscription' }).count()).toBe(0);
  }, 60_000);

  it('leaves Checkout by its way back and is told that nothing was charged', async () => {
    await goToCheckout('frank@example.com');
    await page.getByRole('link', { name: '← back' }).click();
    await heading('Checkout canceled').waitFor();
    await page.getByRole('link', { name: 'Back to pricing' }).click();
    await heading('Choose your plan').waitFor();
    expect(complaints).toEqual([]);
  }, 60_000);
});
