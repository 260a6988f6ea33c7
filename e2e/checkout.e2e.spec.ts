import { infrastructureOfThisRun, launchBrowser, waitFor } from '@billhook/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { startSystem } from '../demo/src/start-system.process.js';
import type { StartedSystem } from '../demo/src/start-system.process.js';
import { StoryWorld } from '../demo/src/story-world.client.js';

const paying = '4242 4242 4242 4242';
const declined = '4000 0000 0000 0002';
/** Can be saved, and declines every charge. */
const failsLater = '4000 0000 0000 0341';
const asksForConfirmation = '4000 0025 0000 3155';

let started: StartedSystem;
let browser: Browser;
let context: BrowserContext;
let page: Page;
/** What the browser itself complained of on the gateway's pages: a blocked style or form, a failed request. */
let complaints: string[];

beforeAll(async () => {
  started = await startSystem({ infrastructure: infrastructureOfThisRun(), say: () => undefined });
  browser = await launchBrowser();
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
async function goToCheckout(email: string, plan: 'Pro' | 'Elite' = 'Pro'): Promise<void> {
  await page.goto(`${started.system.gatewayUrl}/pricing`);
  await page.getByRole('link', { name: `${plan} monthly` }).click();
  await signIn(email);
  await page.waitForURL(`${started.system.simulatorUrl}/c/pay/**`);
}

/** The same address is the same user each time. */
async function signIn(email: string): Promise<void> {
  await page.waitForURL(`${started.system.simulatorUrl}/sign-in**`);
  await page.getByLabel('E-mail').fill(email);
  await page.getByRole('button', { name: 'Sign in as a new user' }).click();
}

async function fillIn(tab: Page, card: string): Promise<void> {
  await tab.getByLabel('Card number').fill(card);
  await tab.getByLabel('Expiry').fill('12 / 34');
  await tab.getByLabel('CVC').fill('123');
}

async function pay(card: string, amount = '$9.99'): Promise<void> {
  await fillIn(page, card);
  await page.getByRole('button', { name: `Pay ${amount}` }).click();
}

/** From the profile to Stripe's portal, which leads back by itself with another card on file. */
async function changeCard(card: string): Promise<void> {
  await page.getByRole('link', { name: 'Change card' }).click();
  await page.getByLabel('New card number').fill(card);
  await page.getByLabel('Expiry').fill('12 / 34');
  await page.getByLabel('CVC').fill('123');
  await page.getByRole('button', { name: 'Update card' }).click();
  await page.waitForURL(`${started.system.gatewayUrl}/profile`);
}

/** From the prices to the figures of a change to Elite: what is charged today. */
async function previewElite(): Promise<string> {
  await page.goto(`${started.system.gatewayUrl}/pricing`);
  await page.getByRole('link', { name: 'Elite monthly' }).click();
  await heading('Change to Elite').waitFor();
  return /Charged today\s+(\$[\d.]+)/.exec(await page.getByRole('main').innerText())?.[1] ?? 'nothing';
}

/** As when the browser has been left open for too long: by itself, with the page as it is. */
async function letSessionExpire(): Promise<void> {
  const sessions = (await context.cookies()).filter(({ name }) => name.endsWith('billhook_session'));
  expect(sessions).toHaveLength(1);
  await context.addCookies(sessions.map((cookie) => ({ ...cookie, expires: Date.now() / 1000 + 1 })));
  await waitFor('the end of the session', async () =>
    (await context.cookies()).every(({ name }) => !name.endsWith('billhook_session')),
  );
}

/** A subscription whose first payment is open, as only Stripe's API can make one: Checkout shows nothing of it. */
async function beginUnpaid(email: string): Promise<void> {
  const { stripe } = new StoryWorld(started.system);
  const { data } = await stripe.customers.list({ email });
  const [customer] = data;
  if (customer === undefined) throw new Error(`${email} has no customer at Stripe`);
  await stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: 'price_pro_monthly' }],
    payment_behavior: 'default_incomplete',
  });
}

/** What a customer has been charged for, as their profile lists it. */
async function invoicesOnProfile(): Promise<number> {
  await page.goto(`${started.system.gatewayUrl}/profile`);
  await heading("You're on Pro").waitFor();
  return page.getByRole('link', { name: /^View invoice/ }).count();
}

/** Has Stripe misbehave while something is done, and behave again whatever came of it. */
async function inChaos(chaos: object, act: () => Promise<void>): Promise<void> {
  const address = `${started.system.simulatorUrl}/_simulator/chaos`;
  const headers = { 'content-type': 'application/json' };
  const begun = await fetch(address, { method: 'POST', headers, body: JSON.stringify({ seed: 1, ...chaos }) });
  expect(begun.ok).toBe(true);
  try {
    await act();
  } finally {
    await fetch(address, { method: 'DELETE' });
  }
}

/** Onwards by the Tab key until it is there, as somebody without a mouse would. */
async function tabTo(target: Locator): Promise<void> {
  await target.waitFor();
  const focused = target.and(page.locator(':focus'));
  for (let tabs = 0; tabs < 30 && (await focused.count()) === 0; tabs += 1) await page.keyboard.press('Tab');
  expect(await focused.count()).toBe(1);
}

const heading = (name: string | RegExp) => page.getByRole('heading', { level: 1, name });

describe('a customer with a browser', () => {
  it('subscribe: clicks from the prices through Checkout to a profile that says Pro', async () => {
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
    await page.goBack();
    await page.waitForURL(`${started.system.gatewayUrl}/payment/success**`);
    await heading("You're on Pro").waitFor();
    await page.goto(`${started.system.gatewayUrl}/pricing`);
    expect(await page.getByRole('main').innerText()).toContain('Your plan');
    expect(await page.getByRole('link', { name: 'Pro monthly' }).count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('cancel and undo: cancels, changes their mind, and sees each at once', async () => {
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
    expect(complaints).toEqual([]);
  });

  it('portal: changes the card and ends the plan at Stripe, comes back each time, and finds it on the profile', async () => {
    await goToCheckout('peggy@example.com');
    await pay(paying);
    await heading("You're on Pro").waitFor();
    await page.goto(`${started.system.gatewayUrl}/profile`);
    await page.getByText('Visa ending in 4242').waitFor();
    await changeCard(failsLater);
    await page.getByText('Visa ending in 0341').waitFor();

    await page.getByRole('link', { name: 'Manage billing' }).click();
    await page.getByRole('button', { name: 'Cancel at period end' }).click();
    await page.getByText('It will not renew').waitFor();
    await page.getByRole('link', { name: '← back' }).click();
    // By the event, which the profile hears of and shows by itself.
    await page.getByText(/Pro ends on \w+ \d+, \d{4}/).waitFor();
    await page.getByRole('button', { name: "Don't cancel" }).waitFor();
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

  it('upgrade with preview: sees what it costs, confirms, and has it', async () => {
    await goToCheckout('grace@example.com');
    await pay(paying);
    await heading("You're on Pro").waitFor();
    const due = await previewElite();
    expect(await page.getByRole('main').innerText()).toContain('$29.99 per month');
    await page.getByRole('button', { name: `Pay ${due} and change now` }).click();
    await page.getByText('Stripe has taken the change of your plan').waitFor();
    // The profile hears of the event and shows it by itself.
    await heading("You're on Elite").waitFor();
    expect(complaints).toEqual([]);
  });

  it('upgrade with a card that fails: keeps the plan and its price, pays on Stripe’s page, and has the new one', async () => {
    await goToCheckout('rupert@example.com');
    await pay(paying);
    await heading("You're on Pro").waitFor();
    await page.goto(`${started.system.gatewayUrl}/profile`);
    await changeCard(failsLater);
    await heading("You're on Pro").waitFor();
    const due = await previewElite();
    await page.getByRole('button', { name: `Pay ${due} and change now` }).click();
    await heading('Your payment is not complete').waitFor();
    const complete = await page.getByRole('link', { name: 'Complete the payment' }).getAttribute('href');
    await page.getByRole('main').getByRole('link', { name: 'Your profile' }).click();
    await heading("You're on Pro").waitFor();
    expect(await page.getByRole('main').innerText()).toContain('$9.99 per month');
    await page.goto(complete ?? '');
    await page.getByLabel('Another card (optional)').fill(paying);
    await page.getByLabel('Expiry').fill('12 / 34');
    await page.getByLabel('CVC').fill('123');
    await page.getByRole('button', { name: `Pay ${due}` }).click();
    await page.getByText('Paid', { exact: true }).waitFor();
    await page.goto(`${started.system.gatewayUrl}/profile`);
    await heading("You're on Elite").waitFor();
    // That the page was answered 402 is as it should be.
    expect(complaints.filter((complaint) => !complaint.includes('402'))).toEqual([]);
  });

  it('downgrade and undo: keeps what is paid for until its end, and takes the change back', async () => {
    await goToCheckout('sybil@example.com', 'Elite');
    await pay(paying, '$29.99');
    await heading("You're on Elite").waitFor();
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

  it('webhook delayed: sees the confirmation come by itself although Stripe’s events are ten seconds late', async () => {
    await goToCheckout('heidi@example.com');
    await inChaos({ deliveries: { delay: { min_ms: 10_000, max_ms: 10_000 } } }, async () => {
      await pay(paying);
      await heading('Confirming your payment').waitFor();
      expect(await page.getByRole('link', { name: /monthly|yearly|plans/ }).count()).toBe(0);
      await page.reload();
      await heading("You're on Pro").waitFor();
    });
    expect(complaints).toEqual([]);
  });

  it('webhook lost: gets the plan although none of Stripe’s events ever comes', async () => {
    await goToCheckout('ivan@example.com');
    await inChaos({ omit: {} }, async () => {
      await pay(paying);
      await heading('Confirming your payment').waitFor();
      await heading("You're on Pro").waitFor();
    });
    expect(complaints).toEqual([]);
  });

  it('decline then succeed: is declined, pays with another card, and has paid once', async () => {
    await goToCheckout('judy@example.com');
    await pay(declined);
    await page.getByText('Your card was declined').waitFor();
    await pay(paying);
    await heading("You're on Pro").waitFor();
    expect(await invoicesOnProfile()).toBe(1);
  });

  it('3-D Secure: confirms the payment with the bank where it asks', async () => {
    await goToCheckout('kate@example.com');
    await pay(asksForConfirmation);
    await page.getByRole('button', { name: 'Complete' }).click();
    await heading("You're on Pro").waitFor();
    expect(complaints).toEqual([]);
  });

  it('two tabs racing to pay: pays in both at once and is charged once', async () => {
    await goToCheckout('liam@example.com');
    const second = await context.newPage();
    second.setDefaultTimeout(15_000);
    await second.goto(`${started.system.gatewayUrl}/create-checkout?tier=1&billing_cycle=monthly`);
    await second.waitForURL(`${started.system.simulatorUrl}/c/pay/**`);
    expect(second.url()).toBe(page.url());
    await Promise.all([fillIn(page, paying), fillIn(second, paying)]);
    const buttons = [page, second].map((each) => each.getByRole('button', { name: 'Pay $9.99' }));
    await Promise.all(buttons.map((button) => button.click()));
    await heading("You're on Pro").waitFor();
    expect(await invoicesOnProfile()).toBe(1);
  });

  it('Stripe down: is told what to do while it is away, keeps a profile that says the plan, and goes on afterwards', async () => {
    await goToCheckout('mona@example.com');
    await pay(paying);
    await heading("You're on Pro").waitFor();
    await inChaos({ api: [{ fault: 503 }] }, async () => {
      await page.goto(`${started.system.gatewayUrl}/change-plan?tier=2&billing_cycle=monthly`);
      await heading('Stripe did not answer properly').waitFor();
      await page.getByRole('link', { name: 'Your profile' }).click();
      await heading("You're on Pro").waitFor();
      expect(await page.getByRole('main').innerText()).toContain('Stripe does not answer just now');
    });
    await page.goto(`${started.system.gatewayUrl}/change-plan?tier=2&billing_cycle=monthly`);
    await heading('Change to Elite').waitFor();
  });

  it('Stripe down: is told when it is away just as they want to buy, can go back, tries again later, and gets the plan', async () => {
    await inChaos({ api: [{ fault: 503 }] }, async () => {
      await page.goto(`${started.system.gatewayUrl}/pricing`);
      await page.getByRole('link', { name: 'Pro monthly' }).click();
      await signIn('pete@example.com');
      await heading('Stripe did not answer properly').waitFor();
      await page.getByRole('link', { name: 'Your profile' }).click();
      await heading("You're on Free").waitFor();
      await page.goBack();
      await heading('Stripe did not answer properly').waitFor();
    });
    await page.getByRole('link', { name: 'Try again' }).click();
    await page.waitForURL(`${started.system.simulatorUrl}/c/pay/**`);
    await pay(paying);
    await heading("You're on Pro").waitFor();
  });

  it('buys with the keyboard alone, from the prices to the plan', async () => {
    await page.goto(`${started.system.gatewayUrl}/pricing`);
    await tabTo(page.getByRole('link', { name: 'Pro monthly' }));
    await page.keyboard.press('Enter');
    await page.waitForURL(`${started.system.simulatorUrl}/sign-in**`);
    await tabTo(page.getByLabel('E-mail'));
    await page.keyboard.type('quinn@example.com');
    await page.keyboard.press('Enter');
    await page.waitForURL(`${started.system.simulatorUrl}/c/pay/**`);
    for (const [label, text] of [
      ['Card number', paying],
      ['Expiry', '12 / 34'],
      ['CVC', '123'],
    ] as const) {
      await tabTo(page.getByLabel(label));
      await page.keyboard.type(text);
    }
    await tabTo(page.getByRole('button', { name: 'Pay $9.99' }));
    await page.keyboard.press('Enter');
    await heading("You're on Pro").waitFor();
    await tabTo(page.getByRole('link', { name: 'See your plan' }));
    await page.keyboard.press('Enter');
    await page.waitForURL(`${started.system.gatewayUrl}/profile`);
    await heading("You're on Pro").waitFor();
  });

  it('session expired: signs in again where the session has ended, and is back where they were, with nothing done', async () => {
    await goToCheckout('nora@example.com');
    await pay(paying);
    await heading("You're on Pro").waitFor();
    await page.goto(`${started.system.gatewayUrl}/profile`);
    await context.clearCookies();
    await page.getByRole('button', { name: 'Cancel subscription' }).click();
    await signIn('nora@example.com');
    await page.waitForURL(`${started.system.gatewayUrl}/profile`);
    await heading("You're on Pro").waitFor();
    expect(await page.getByRole('main').innerText()).toMatch(/Pro renews on/);
  });

  it('session expired: while figures are being confirmed: signs in again, sees them again, confirms, and is charged once', async () => {
    await goToCheckout('vera@example.com');
    await pay(paying);
    await heading("You're on Pro").waitFor();
    const due = await previewElite();
    const address = page.url();
    await letSessionExpire();
    await page.getByRole('button', { name: `Pay ${due} and change now` }).click();
    await signIn('vera@example.com');
    await page.waitForURL(address);
    await heading('Change to Elite').waitFor();
    expect(await invoicesOnProfile()).toBe(1);
    await page.goto(address);
    await page.getByRole('button', { name: /^Pay .* and change now$/ }).click();
    await heading("You're on Elite").waitFor();
    expect(await page.getByRole('link', { name: /^View invoice/ }).count()).toBe(2);
  });

  it('cancel now: ends a subscription that never began, is asked whether they are sure, and is on Free with nothing left to pay', async () => {
    await goToCheckout('wendy@example.com');
    await beginUnpaid('wendy@example.com');
    await page.goto(`${started.system.gatewayUrl}/profile`);
    const text = () => page.getByRole('main').innerText();
    await waitFor('the subscription on the profile', async () => (await text()).includes('Pro monthly, incomplete'));
    expect(await page.getByRole('link', { name: 'Finish the payment' }).getAttribute('href')).toContain(
      started.system.simulatorUrl,
    );
    const sure = page.getByRole('button', { name: 'Yes, end it now' });
    expect(await sure.isVisible()).toBe(false);
    await page.locator('summary', { hasText: 'Cancel it now' }).click();
    expect(await text()).toContain('This cannot be taken back');
    await sure.click();
    await page.getByText('Your subscription has been canceled, effective immediately').waitFor();
    await page.getByText('Free costs nothing').waitFor();
    expect(await text()).not.toContain('Cancel it now');
    expect(await page.getByRole('link', { name: 'See the plans' }).count()).toBe(1);
    expect(complaints).toEqual([]);
  });

  it('chooses a theme, and has it on every page, also signed out', async () => {
    await goToCheckout('olaf@example.com');
    await page.goto(`${started.system.gatewayUrl}/preferences`);
    await page.getByLabel('Light').check();
    await page.getByRole('button', { name: 'Save preferences' }).click();
    await page.getByText('Your preferences are saved').waitFor();
    const theme = () => page.locator('html').getAttribute('data-theme');
    expect(await theme()).toBe('light');
    await page.goto(`${started.system.gatewayUrl}/profile`);
    expect(await theme()).toBe('light');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL(`${started.system.gatewayUrl}/pricing`);
    expect(await theme()).toBe('light');
    expect(complaints).toEqual([]);
  });
});
