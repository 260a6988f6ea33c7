import { launchBrowser, load, overflow, shoot, violations, visit, waitFor, widths } from '@billhook/testing';
import type { Scheme, Visit, Width } from '@billhook/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it, test } from '@jest/globals';
import type { Account, SubscriptionView } from '@billhook/contracts';
import type { Browser, Page } from 'playwright-core';
import { anAccount, startGateway } from '../running-gateway.spec-support.js';
import type { TestGateway } from '../running-gateway.spec-support.js';
import { idOf } from '../simulator.spec-support.js';
import { subscribe } from '../subscriber.spec-support.js';
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

async function prepare(): Promise<void> {
  await Promise.all(['free', 'keys', 'chooser', 'listener', 'clicker'].map(someone));
  const pro = await subscribe(gateway, 'pro');
  people.set('pro', pro.user);
  const elite = await subscribe(gateway, 'elite', { tier: 2, billing_cycle: 'yearly' });
  people.set('elite', elite.user);
  const leaving = await subscribe(gateway, 'leaving');
  people.set('leaving', leaving.user);
  await leaving.user.api('POST', '/v1/subscription/cancel', { immediate: false });
  await subscribed(
    'owing',
    { status: 'past_due' },
    { reason: 'payment_failed', invoice_id: 'in_1', url: 'https://invoice.example.com/i/1' },
  );
  await subscribed('asked', { status: 'past_due' }, { reason: 'payment_confirmation', invoice_id: 'in_2', url: null });
  await subscribed('overdue', { status: 'past_due' });
  await inactive('nonpayer', 'unpaid');
  await inactive('paused', 'paused');
  await inactive('unbegun', 'incomplete');
  await subscribed('trying', { status: 'trialing', trial_end: '2026-12-01T00:00:00.000Z' });
  const scheduled_change = { tier: 2, billing_cycle: 'yearly', at: '2026-12-01T00:00:00.000Z' } as const;
  await subscribed('planning', { scheduled_change });
  await atCheckout('unpaid', 'unpaid');
  await atCheckout('confirming', 'paid');
  await atCheckout('winner', 'arrived');
  await atCheckout('stuck', 'stuck');
  await atCheckout('lapsed', 'lapsed');
  await atCheckout('expired', 'expired');
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

async function atCheckout(name: string, state: Purchase): Promise<void> {
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
  title: string;
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

const scenes: Scene[] = [
  { name: 'pricing', path: '/pricing', title: 'Pricing' },
  { name: 'pricing-subscribed', path: '/pricing', as: 'pro', title: 'Pricing' },
  { name: 'pricing-free', path: '/pricing', as: 'free', title: 'Pricing' },
  { name: 'pricing-elite', path: '/pricing', as: 'elite', title: 'Pricing' },
  { name: 'docs', path: '/docs', title: 'API' },
  { name: 'profile-free', path: '/profile', as: 'free', title: 'Your plan' },
  { name: 'profile-pro', path: '/profile', as: 'pro', title: 'Your plan' },
  { name: 'profile-elite', path: '/profile?message=refreshed', as: 'elite', title: 'Your plan' },
  { name: 'profile-leaving', path: '/profile?message=cancel_scheduled', as: 'leaving', title: 'Your plan' },
  { name: 'profile-payment-failed', path: '/profile', as: 'owing', title: 'Your plan' },
  { name: 'profile-bank-asks', path: '/profile', as: 'asked', title: 'Your plan' },
  { name: 'profile-overdue', path: '/profile', as: 'overdue', title: 'Your plan' },
  { name: 'profile-unpaid', path: '/profile', as: 'nonpayer', title: 'Your plan' },
  { name: 'profile-paused', path: '/profile', as: 'paused', title: 'Your plan' },
  { name: 'profile-incomplete', path: '/profile', as: 'unbegun', title: 'Your plan' },
  { name: 'profile-trial', path: '/profile', as: 'trying', title: 'Your plan' },
  { name: 'profile-planned', path: '/profile', as: 'planning', title: 'Your plan' },
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
  { name: 'success-active', path: 'winner', as: 'winner', act: holdOnwards, title: "You're on Pro" },
  { name: 'success-confirming', path: 'confirming', as: 'confirming', title: 'Confirming your payment' },
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
        complaints: [],
      })),
    );
  });
});

/** One page as one device shows it. */
async function look(scene: Scene, device: (typeof devices)[number]) {
  const { context, page, complaints } = await visitAs(scene.as, device);
  const { bytes, ...loaded } = await load(page, addressOf(scene));
  await scene.act?.(page);
  const inspect = async (width: Width) => {
    await page.setViewportSize({ width: widths[width], height: 900 });
    await shoot(page, `${scene.name}-${device.scheme}-${widths[width]}`);
    return { overflow: await overflow(page), violations: await violations(page) };
  };
  const [title, phone, desktop] = [await page.title(), await inspect('phone'), await inspect('desktop')];
  await page.setViewportSize({ width: 320, height: 900 });
  const overflowAt320 = await overflow(page);
  await context.close();
  return { device, loaded: { ...loaded, isLight: bytes < 100_000 }, title, phone, desktop, overflowAt320, complaints };
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
    const { context, page } = await visitAs('confirming', { scheme: 'dark', width: 'desktop' });
    await load(page, `${gateway.publicUrl}${paths.get('confirming') ?? ''}`);
    const movement = `getComputedStyle(document.querySelector('.spinner')).animationName`;
    expect(await page.evaluate(movement)).toBe('none');
    await page.emulateMedia({ reducedMotion: 'no-preference' });
    expect(await page.evaluate(movement)).toBe('turn');
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
