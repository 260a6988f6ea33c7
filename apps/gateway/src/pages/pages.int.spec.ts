import { launchBrowser, load, overflow, shoot, violations, visit, waitFor, widths } from '@billhook/testing';
import type { Scheme, Visit, Width } from '@billhook/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it, test } from '@jest/globals';
import type { Account, SubscriptionView } from '@billhook/contracts';
import type { Browser, Page } from 'playwright-core';
import { anAccount, startGateway } from '../running-gateway.spec-support.js';
import type { TestGateway } from '../running-gateway.spec-support.js';
import { idOf } from '../simulator.spec-support.js';
import { subscribe } from '../subscriber.spec-support.js';
import type { Plan, Subscriber } from '../subscriber.spec-support.js';
import type { TestBrowser } from '../test-browser.spec-support.js';

let gateway: TestGateway;
let browser: Browser;
/** Whoever the scenes are about, by name. */
const people = new Map<string, TestBrowser>();
/** Addresses that are only known once somebody has been to Checkout. */
const paths = new Map<string, string>();

beforeAll(async () => {
  [gateway, browser] = await Promise.all([startGateway(), launchBrowser()]);
  await prepare();
});
afterAll(async () => {
  await browser.close();
  await gateway.stop();
});
afterEach(() => gateway.simulator.setWeather('clear'));

/** Nobody of them waits for another. */
async function prepare(): Promise<void> {
  await Promise.all([
    ...['free', 'keys', 'chooser', 'listener', 'clicker'].map(someone),
    ...subscribers.map(({ name, plan, since }) => paying(name, plan, since)),
    subscribed(
      'owing',
      { status: 'past_due' },
      { reason: 'payment_failed', invoice_id: 'in_1', url: 'https://invoice.example.com/i/1' },
    ),
    subscribed('asked', { status: 'past_due' }, { reason: 'payment_confirmation', invoice_id: 'in_2', url: null }),
    subscribed('overdue', { status: 'past_due' }),
    inactive('nonpayer', 'unpaid'),
    inactive('paused', 'paused'),
    inactive('unbegun', 'incomplete'),
    subscribed('trying', { status: 'trialing', trial_end: '2026-12-01T00:00:00.000Z' }),
    subscribed('planning', { scheduled_change: { tier: 2, billing_cycle: 'yearly', at: '2026-12-01T00:00:00.000Z' } }),
    ...(['unpaid', 'expired', 'paid', 'arrived', 'stuck', 'lapsed'] as const).map((state) => atCheckout(state)),
    erased('erased'),
  ]);
}

interface Prepared {
  name: string;
  plan?: Plan;
  /** What became of the subscription since. */
  since?: (subscriber: Subscriber) => Promise<unknown>;
}

const subscribers: Prepared[] = [
  { name: 'pro' },
  { name: 'elite', plan: { tier: 2, billing_cycle: 'yearly' } },
  { name: 'cut-off' },
  { name: 'double', since: payTwice },
  {
    name: 'leaving',
    since: async ({ user, announce }) => {
      await user.api('POST', '/v1/subscription/cancel', { immediate: false });
      // Without its event the account would count again after a minute.
      await announce(2, { cancel_at_period_end: true, will_renew: false });
    },
  },
  ...(['dark', 'light'] as const).flatMap((scheme) => [
    { name: `declined-${scheme}`, since: payingWith('pm_card_chargeCustomerFail') },
    { name: `bank-${scheme}`, since: payingWith('pm_card_authenticationRequired') },
  ]),
];

async function paying(name: string, plan?: Plan, since?: Prepared['since']): Promise<void> {
  const subscriber = await subscribe(gateway, name, plan);
  people.set(name, subscriber.user);
  await since?.(subscriber);
}

/** As only Stripe's Dashboard, or its API, can have it. */
async function payTwice({ customerId, subscriptionId }: Subscriber): Promise<void> {
  const { subscriptions } = gateway.simulator.stripe;
  const { default_payment_method: method } = await subscriptions.retrieve(subscriptionId);
  await subscriptions.create({
    customer: customerId,
    items: [{ price: 'price_elite_monthly' }],
    default_payment_method: idOf(method),
  });
}

/** From the next payment on. */
function payingWith(card: string): (subscriber: Subscriber) => Promise<void> {
  return async ({ customerId, subscriptionId }) => {
    const { paymentMethods, subscriptions } = gateway.simulator.stripe;
    const { id } = await paymentMethods.attach(card, { customer: customerId });
    await subscriptions.update(subscriptionId, { default_payment_method: id });
  };
}

async function erased(name: string): Promise<void> {
  const user = await someone(name);
  await user.page('/profile');
  const ops = await gateway.as('ops', { roles: ['ops'] });
  await ops.api('POST', `/v1/users/${name}/erase`, { reason: 'ticket 1' });
  await waitFor('the erasure', async () => (await user.page('/profile')).status === 410);
}

async function someone(name: string): Promise<TestBrowser> {
  const user = await gateway.as(name, { email: `${name}@example.com` });
  people.set(name, user);
  return user;
}

async function heardOf(name: string, changes: Partial<Account>): Promise<void> {
  const user = await someone(name);
  await gateway.announce(anAccount(name, { version: 1, ...changes }));
  await waitFor('the account', async () => (await user.api('GET', '/v1/account')).json['version'] === 1);
}

async function subscribed(
  name: string,
  changes: Partial<SubscriptionView>,
  action_required: Account['action_required'] = null,
  tier: Account['tier'] = 1,
): Promise<void> {
  const { subscription } = anAccount(name);
  if (subscription === null) throw new Error('the golden account has a subscription');
  await heardOf(name, { tier, subscription: { ...subscription, ...changes }, action_required });
}

/** There is a subscription, and it grants nothing. */
const inactive = (name: string, status: string): Promise<void> => subscribed(name, grantingNothing(status), null, 0);

const grantingNothing = (status: string) => ({
  status,
  is_active: false,
  is_canceled: status === 'incomplete_expired',
  will_renew: false,
});

/** How far a purchase has come; `stuck` waits for its payment, `lapsed` has waited for too long. */
type Purchase = 'unpaid' | 'expired' | 'paid' | 'arrived' | 'stuck' | 'lapsed';

/** Somebody who is called as their purchase stands. */
async function atCheckout(state: Purchase): Promise<void> {
  const name = state;
  const user = await someone(name);
  const { json } = await user.api('POST', '/v1/checkout-sessions', { tier: 1, billing_cycle: 'monthly' });
  paths.set(name, `/payment/success?session_id=${String(json['id'])}`);
  const { sessions } = gateway.simulator.stripe.checkout;
  if (state === 'expired') await sessions.expire(String(json['id']));
  if (state === 'unpaid' || state === 'expired') return;
  await gateway.simulator.pay(String(json['url']));
  if (state === 'paid') return;
  const id = idOf((await sessions.retrieve(String(json['id']))).subscription);
  if (state === 'arrived') return subscribed(name, { id });
  await subscribed(name, { id, ...grantingNothing(state === 'stuck' ? 'incomplete' : 'incomplete_expired') }, null, 0);
}

interface Scene {
  /** Names the screenshots. */
  name: string;
  /** A path, or whose success page. */
  path: string;
  as?: string;
  /** Each device is somebody else's, called `as-dark` and `as-light`: what is done here can be done once. */
  isEachOnes?: boolean;
  title: string;
  /** What its reader has to find there. */
  says?: string[];
  status?: number;
  /** What has to be so when the page is asked for. */
  given?: () => Promise<void> | void;
  /** What its reader does on the page, to see the one that is looked at. */
  act?: (page: Page) => Promise<void>;
}

async function changeTooOften(): Promise<void> {
  const user = await someone('hasty');
  const answers = await Promise.all(Array.from({ length: 40 }, () => user.api('POST', '/v1/subscription/resume', {})));
  expect(answers.map((answer) => answer.status)).toContain(429);
}

/** It leads to the dashboard after some seconds, which is too soon for who looks this closely. */
async function holdOnwards(page: Page): Promise<void> {
  await page.route('https://app.example.com/**', (route) => route.fulfill({ status: 204 }));
}

async function confirmChange(page: Page): Promise<void> {
  await page.getByRole('button', { name: /^Pay .* and change now$/ }).click();
  await page.getByRole('heading', { level: 1, name: 'Your payment is not complete' }).waitFor();
}

const paymentRequired = {
  path: '/change-plan?tier=2&billing_cycle=monthly',
  isEachOnes: true,
  act: confirmChange,
  title: 'Your payment is not complete',
  says: [
    'Your plan and its price are as they were',
    'Elite begins by itself',
    'Complete the payment',
    'Change your card',
  ],
};

async function typeNonsense(page: Page): Promise<void> {
  await page.getByLabel('Volume multiple').fill('a lot');
  await page.getByRole('button', { name: 'Save preferences' }).click();
  await page.locator('.problem').waitFor();
}

/** As from another site's page, which cannot know what our forms hold. */
async function sendForeignForm(page: Page): Promise<void> {
  await page.evaluate(`document.querySelectorAll('main input[type=hidden]').forEach((input) => input.remove())`);
  await page.getByRole('button', { name: 'Refresh' }).click();
  await page.getByRole('heading', { level: 1, name: 'The form does not belong to this session' }).waitFor();
}

async function askToCancelNow(page: Page): Promise<void> {
  await page.locator('summary', { hasText: 'Cancel it now' }).click();
  await page.getByRole('button', { name: 'Yes, end it now' }).waitFor();
}

const scenes: Scene[] = [
  { name: 'pricing', path: '/pricing', title: 'Pricing' },
  { name: 'pricing-subscribed', path: '/pricing', as: 'pro', title: 'Pricing' },
  { name: 'pricing-free', path: '/pricing', as: 'free', title: 'Pricing' },
  { name: 'pricing-elite', path: '/pricing', as: 'elite', title: 'Pricing' },
  {
    name: 'pricing-unpaid',
    path: '/pricing',
    as: 'nonpayer',
    title: 'Pricing',
    says: ['Your subscription needs something first'],
  },
  { name: 'docs', path: '/docs', title: 'API' },
  {
    name: 'profile-free',
    path: '/profile',
    as: 'free',
    title: 'Your plan',
    says: ['Free costs nothing', 'Next payment\nNone', 'See the plans'],
  },
  {
    name: 'profile-pro',
    path: '/profile',
    as: 'pro',
    title: 'Your plan',
    says: ['Pro renews on', '$9.99 per month', 'Next payment', 'Cancel subscription'],
  },
  {
    name: 'profile-elite',
    path: '/profile?message=refreshed',
    as: 'elite',
    title: 'Your plan',
    says: ['Elite renews on', '$299 per year', 'Next payment'],
  },
  {
    name: 'profile-leaving',
    path: '/profile?message=cancel_scheduled',
    as: 'leaving',
    title: 'Your plan',
    says: ['Pro ends on', 'After that you are on Free', 'Next payment\nNone', "Don't cancel"],
  },
  {
    name: 'profile-payment-failed',
    path: '/profile',
    as: 'owing',
    title: 'Your plan',
    says: ['Your last payment failed', 'Pay it now', 'to keep your plan', 'Overdue'],
  },
  {
    name: 'profile-bank-asks',
    path: '/profile',
    as: 'asked',
    title: 'Your plan',
    says: ['Your bank asks you to confirm a payment', 'Confirm it'],
  },
  {
    name: 'profile-overdue',
    path: '/profile',
    as: 'overdue',
    title: 'Your plan',
    says: ['You keep Pro for now', 'if it never does, you go back to Free', 'Change your card', 'Fix the payment'],
  },
  {
    name: 'profile-unpaid',
    path: '/profile',
    as: 'nonpayer',
    title: 'Your plan',
    says: ["You're on Free", 'Pro monthly, unpaid', 'Overdue', 'Fix the payment', 'Cancel it now'],
  },
  {
    name: 'profile-paused',
    path: '/profile',
    as: 'paused',
    title: 'Your plan',
    says: ["You're on Free", 'nothing is charged', 'you can let it go on', 'Add a card', 'Cancel it now'],
  },
  {
    name: 'profile-incomplete',
    path: '/profile',
    as: 'unbegun',
    title: 'Your plan',
    says: ['it has not begun', 'Finish the payment', 'Cancel it now'],
  },
  {
    name: 'profile-cancel-now',
    path: '/profile',
    as: 'unbegun',
    act: askToCancelNow,
    title: 'Your plan',
    says: ['It ends at once', 'This cannot be taken back', 'Yes, end it now'],
  },
  {
    name: 'profile-trial',
    path: '/profile',
    as: 'trying',
    title: 'Your plan',
    says: ['Your free trial ends on', 'it is $9.99 per month, unless you cancel before', 'First payment'],
  },
  {
    name: 'profile-planned',
    path: '/profile',
    as: 'planning',
    title: 'Your plan',
    says: ['You keep Pro until', 'From then on your plan is Elite yearly', '$299 per year', 'Keep Pro'],
  },
  {
    name: 'profile-paid-twice',
    path: '/profile',
    as: 'double',
    title: 'Your plan',
    says: ['beside it Elite monthly for $29.99', 'Cancel the one that you do not need'],
  },
  { name: 'payment-required-declined', as: 'declined', ...paymentRequired },
  { name: 'payment-required-bank-asks', as: 'bank', ...paymentRequired },
  {
    name: 'error-erased',
    path: '/profile',
    as: 'erased',
    title: 'The account has been erased',
    status: 410,
    says: ['nothing more is charged', 'sign up anew'],
  },
  { name: 'change-preview', path: '/change-plan?tier=2&billing_cycle=monthly', as: 'pro', title: 'Change to Elite' },
  {
    name: 'change-cycle',
    path: '/change-plan?tier=1&billing_cycle=yearly',
    as: 'pro',
    title: 'Switch Pro to yearly payment',
  },
  { name: 'change-later', path: '/change-plan?tier=1&billing_cycle=monthly', as: 'elite', title: 'Change to Pro' },
  {
    name: 'change-obstacle',
    path: '/change-plan?tier=2&billing_cycle=monthly',
    as: 'leaving',
    title: 'Your plan is about to end',
    status: 409,
  },
  {
    name: 'success-active',
    path: 'arrived',
    as: 'arrived',
    act: holdOnwards,
    title: "You're on Pro",
    says: ['It renews on', 'at $9.99 per month', 'Stay here'],
  },
  { name: 'success-confirming', path: 'paid', as: 'paid', title: 'Confirming your payment' },
  { name: 'success-unpaid', path: 'unpaid', as: 'unpaid', title: 'Not paid yet' },
  { name: 'success-action-needed', path: 'stuck', as: 'stuck', title: 'One more step' },
  { name: 'success-failed', path: 'lapsed', as: 'lapsed', title: 'The payment did not go through' },
  { name: 'success-expired', path: 'expired', as: 'expired', title: 'This checkout has expired' },
  { name: 'canceled', path: '/payment/canceled', as: 'free', title: 'Checkout canceled' },
  { name: 'preferences-locked', path: '/preferences', as: 'free', title: 'Preferences' },
  { name: 'preferences-saved', path: '/preferences?message=saved', as: 'elite', title: 'Preferences' },
  {
    name: 'preferences-refused',
    path: '/preferences',
    as: 'free',
    act: typeNonsense,
    title: 'Please check: Preferences',
  },
  {
    name: 'error-foreign-form',
    path: '/profile',
    as: 'free',
    act: sendForeignForm,
    title: 'The form does not belong to this session',
  },
  {
    name: 'error-too-often',
    path: '/create-checkout?tier=1&billing_cycle=monthly',
    as: 'hasty',
    given: changeTooOften,
    title: 'Too many requests in a short time',
    status: 429,
  },
  {
    name: 'error-stripe-down',
    path: '/create-checkout?tier=1&billing_cycle=monthly',
    as: 'free',
    given: () => gateway.simulator.setWeather('failing'),
    title: 'Stripe did not answer properly',
    status: 502,
  },
  { name: 'error-not-found', path: '/nowhere', title: 'There is nothing here', status: 404 },
  {
    name: 'error-request',
    path: '/create-checkout?tier=7&billing_cycle=monthly',
    as: 'free',
    title: 'There is no such tier',
    status: 400,
  },
  {
    // The last: a gateway that has found Stripe away asks it again only after a while.
    name: 'profile-stripe-down',
    path: '/profile',
    as: 'cut-off',
    given: () => gateway.simulator.setWeather('failing'),
    title: 'Your plan',
    says: ['Pro renews on', '$9.99 per month', 'Stripe does not answer just now. Your plan is as shown'],
  },
];

function visitAs(name: string | undefined, device: { scheme: Scheme; width: Width }): Promise<Visit> {
  if (name === undefined) return visit(browser, device);
  const user = people.get(name);
  if (user === undefined) throw new Error(`nobody is called ${name}`);
  return visit(browser, device, { name: 'billhook_session', value: user.token, url: gateway.publicUrl });
}

const addressOf = ({ path }: Scene): string => gateway.publicUrl + (paths.get(path) ?? path);

/** Loaded on one device, looked at on both: each width is loaded once in one of the themes. */
const devices = [
  { scheme: 'dark', width: 'phone' },
  { scheme: 'light', width: 'desktop' },
] as const;

const whole = { overflow: 0, violations: [] };

/** Both devices at once: one waits for its page while the other draws. */
describe('a page', () => {
  test.each(scenes)('$name is whole, light, still and usable by everybody, in both themes', async (scene) => {
    await scene.given?.();
    const seen = await Promise.all(devices.map((device) => look(scene, device)));
    expect(seen).toEqual(
      devices.map((device) => ({
        device,
        loaded: { status: scene.status ?? 200, layoutShift: 0, isLight: true },
        title: `${scene.title} · Billhook`,
        phone: whole,
        desktop: whole,
        overflowAt320: 0,
        unsaid: [],
        complaints: [],
      })),
    );
  });
});

/** One page as one device shows it. */
async function look(scene: Scene, device: (typeof devices)[number]) {
  const who = scene.isEachOnes === true ? `${scene.as}-${device.scheme}` : scene.as;
  const { context, page, complaints } = await visitAs(who, device);
  const { bytes, ...loaded } = await load(page, addressOf(scene));
  await scene.act?.(page);
  const inspect = async (width: Width) => {
    await page.setViewportSize({ width: widths[width], height: 900 });
    await shoot(page, `${scene.name}-${device.scheme}-${widths[width]}`);
    return { overflow: await overflow(page), violations: await violations(page) };
  };
  const text = await page.getByRole('main').innerText();
  const unsaid = (scene.says ?? []).filter((words) => !text.includes(words));
  const [title, phone, desktop] = [await page.title(), await inspect('phone'), await inspect('desktop')];
  await page.setViewportSize({ width: 320, height: 900 });
  await shoot(page, `${scene.name}-${device.scheme}-320`);
  const overflowAt320 = await overflow(page);
  await context.close();
  return {
    device,
    loaded: { ...loaded, isLight: bytes < 100_000 },
    title,
    phone,
    desktop,
    overflowAt320,
    unsaid,
    complaints,
  };
}

describe('the pages', () => {
  it('are set in Inter, which comes from here', async () => {
    const { context, page } = await visitAs(undefined, { scheme: 'dark', width: 'desktop' });
    await load(page, `${gateway.publicUrl}/pricing`);
    expect(await page.evaluate(`document.fonts.check('800 1rem "Inter Variable"')`)).toBe(true);
    await context.close();
  });

  it('can be used with a keyboard alone: past the navigation, to a choice, to the button', async () => {
    const { context, page } = await visitAs('keys', { scheme: 'dark', width: 'desktop' });
    await load(page, `${gateway.publicUrl}/preferences`);
    await page.keyboard.press('Tab');
    expect(await page.locator(':focus').innerText()).toBe('Skip to content');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    expect(await page.locator(':focus').getAttribute('value')).toBe('system');
    await page.keyboard.press('ArrowLeft');
    expect(await page.locator(':focus').getAttribute('value')).toBe('light');
    const save = page.locator('button:focus', { hasText: 'Save preferences' });
    for (let tabs = 0; tabs < 8 && (await save.count()) === 0; tabs += 1) await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByText('Your preferences are saved').waitFor();
    expect(await page.locator('html').getAttribute('data-theme')).toBe('light');
    await context.close();
  });

  it('wear the theme that was chosen, whatever the device prefers', async () => {
    const user = people.get('chooser');
    const preferences = {
      theme: 'light',
      notifications: { email: false, sms: false },
      alert_thresholds: { volume_multiple: 2, minimum_volume: 0 },
    };
    await user?.api('PUT', '/v1/preferences', preferences);
    const { context, page } = await visitAs('chooser', { scheme: 'dark', width: 'desktop' });
    await load(page, `${gateway.publicUrl}/profile`);
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(243, 244, 246)');
    await load(page, `${gateway.publicUrl}/nowhere`);
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(243, 244, 246)');
    await context.close();
  });

  it('hold still for whoever asks for less motion', async () => {
    const { context, page } = await visitAs('paid', { scheme: 'dark', width: 'desktop' });
    await load(page, `${gateway.publicUrl}${paths.get('paid') ?? ''}`);
    const movement = `getComputedStyle(document.querySelector('.spinner')).animationName`;
    expect(await page.evaluate(movement)).toBe('none');
    await page.emulateMedia({ reducedMotion: 'no-preference' });
    expect(await page.evaluate(movement)).toBe('turn');
    await context.close();
  });

  it('sign out whoever is erased, and show them the prices as to everybody', async () => {
    const { context, page } = await visitAs('erased', { scheme: 'dark', width: 'desktop' });
    await load(page, `${gateway.publicUrl}/profile`);
    await page.getByRole('link', { name: 'See the plans' }).click();
    await page.getByRole('heading', { level: 1, name: 'Choose your plan' }).waitFor();
    expect((await context.cookies()).map(({ name }) => name)).not.toContain('billhook_session');
    await context.close();
  });

  it('show news of the account by themselves', async () => {
    const { context, page } = await visitAs('listener', { scheme: 'dark', width: 'desktop' });
    await load(page, `${gateway.publicUrl}/profile`);
    expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe("You're on Free");
    await gateway.announce(anAccount('listener', { version: 1 }));
    await page.getByRole('heading', { level: 1, name: "You're on Pro" }).waitFor();
    await context.close();
  });

  it.each(['dark', 'light'] as const)(
    'of the demo’s sign-in can be used by everybody, in the %s theme',
    async (scheme) => {
      const { context, page } = await visitAs(undefined, { scheme, width: 'phone' });
      await load(page, `${gateway.simulator.url}/sign-in`);
      expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('Sign in');
      for (const width of [320, ...Object.values(widths)]) {
        await page.setViewportSize({ width, height: 900 });
        await shoot(page, `sign-in-${scheme}-${width}`);
        expect(await violations(page)).toEqual([]);
        expect(await overflow(page)).toBe(0);
      }
      await context.close();
    },
  );
});

describe('on the way to Stripe', () => {
  it('a plain link leads there where no script runs', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const token = people.get('clicker')?.token ?? '';
    await context.addCookies([{ name: 'billhook_session', value: token, url: gateway.publicUrl }]);
    const page = await context.newPage();
    await page.goto(`${gateway.publicUrl}/pricing`);
    await page.getByRole('link', { name: 'Pro monthly' }).click();
    await page.waitForURL(`${gateway.simulator.url}/c/pay/**`);
    await context.close();
  });

  it('a click says what is going on, to eyes and ears, a second one does nothing, and another tab is left alone', async () => {
    const { context, page } = await visitAs('clicker', { scheme: 'dark', width: 'desktop' });
    await load(page, `${gateway.publicUrl}/pricing`);
    await page.evaluate(keepHere);
    const passed = () => page.evaluate<string[]>('globalThis.passed');
    const other = page.getByRole('link', { name: 'Elite yearly' });
    await other.click({ modifiers: ['ControlOrMeta'] });
    expect([await passed(), await other.getAttribute('aria-busy')]).toEqual([['Elite yearly'], null]);

    const chosen = page.locator('[data-handoff]', { hasText: 'Pro monthly' });
    const href = (await chosen.getAttribute('href')) ?? '';
    const clicked = page.locator(`[href="${href}"]`);
    await clicked.dblclick();
    await other.click();
    expect(await passed()).toEqual(['Elite yearly', 'Taking you to Stripe…']);
    expect(await clicked.innerText()).toBe('Taking you to Stripe…');
    expect(await clicked.getAttribute('aria-busy')).toBe('true');
    expect(await page.getByRole('status').innerText()).toBe('Taking you to Stripe…');

    // As a browser does that has kept the page as it was left: it begins anew.
    await page.evaluate(`dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))`);
    await page.locator('[data-handoff]', { hasText: 'Pro monthly' }).waitFor();
    await context.close();
  });
});

/** Notes which clicks would have led away, and lets none. Hears of them last, after the page's own script. */
const keepHere = `globalThis.passed = [];
addEventListener('click', (event) => {
  if (!event.defaultPrevented) passed.push(event.target.textContent);
  event.preventDefault();
});`;
