import { launchBrowser, load, overflow, shoot, violations, visit, waitFor, widths } from '@billhook/testing';
import type { Scheme, Visit, Width } from '@billhook/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it, test } from '@jest/globals';
import type { Account, SubscriptionView } from '@billhook/contracts';
import type { Browser } from 'playwright-core';
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
  await Promise.all(['free', 'keys', 'chooser', 'listener'].map(someone));
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
  await subscribed('trying', { status: 'trialing', trial_end: '2026-12-01T00:00:00.000Z' });
  const scheduled_change = { tier: 2, billing_cycle: 'yearly', at: '2026-12-01T00:00:00.000Z' } as const;
  await subscribed('planning', { scheduled_change });
  await atCheckout('unpaid', 'unpaid');
  await atCheckout('confirming', 'paid');
  await atCheckout('winner', 'arrived');
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
): Promise<void> {
  const { subscription } = anAccount(name);
  if (subscription === null) throw new Error('the golden account has a subscription');
  await heardOf(name, { subscription: { ...subscription, ...changes }, action_required });
}

async function atCheckout(name: string, state: 'unpaid' | 'paid' | 'arrived'): Promise<void> {
  const user = await someone(name);
  const { json } = await user.api('POST', '/v1/checkout-sessions', { tier: 1, billing_cycle: 'monthly' });
  paths.set(name, `/payment/success?session_id=${String(json['id'])}`);
  if (state === 'unpaid') return;
  await gateway.simulator.pay(String(json['url']));
  if (state === 'paid') return;
  const session = await gateway.simulator.stripe.checkout.sessions.retrieve(String(json['id']));
  await subscribed(name, { id: idOf(session.subscription) });
}

interface Scene {
  /** Names the screenshots. */
  name: string;
  /** A path, or whose success page. */
  path: string;
  as?: string;
  title: string;
  status?: number;
}

const scenes: Scene[] = [
  { name: 'pricing', path: '/pricing', title: 'Pricing' },
  { name: 'pricing-subscribed', path: '/pricing', as: 'pro', title: 'Pricing' },
  { name: 'docs', path: '/docs', title: 'API' },
  { name: 'profile-free', path: '/profile', as: 'free', title: 'Your plan' },
  { name: 'profile-pro', path: '/profile', as: 'pro', title: 'Your plan' },
  { name: 'profile-elite', path: '/profile?message=refreshed', as: 'elite', title: 'Your plan' },
  { name: 'profile-leaving', path: '/profile?message=cancel_scheduled', as: 'leaving', title: 'Your plan' },
  { name: 'profile-payment-failed', path: '/profile', as: 'owing', title: 'Your plan' },
  { name: 'profile-bank-asks', path: '/profile', as: 'asked', title: 'Your plan' },
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
  { name: 'success-active', path: 'winner', as: 'winner', title: "You're on Pro" },
  { name: 'success-confirming', path: 'confirming', as: 'confirming', title: 'Confirming your payment' },
  { name: 'success-unpaid', path: 'unpaid', as: 'unpaid', title: 'Not paid yet' },
  { name: 'canceled', path: '/payment/canceled', as: 'free', title: 'Checkout canceled' },
  { name: 'preferences-locked', path: '/preferences', as: 'free', title: 'Preferences' },
  { name: 'preferences-saved', path: '/preferences?message=saved', as: 'elite', title: 'Preferences' },
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

describe.each(devices)('in the $scheme theme, loaded on a $width,', ({ scheme, width }) => {
  test.each(scenes)('$name is whole, light, still and usable by everybody', async (scene) => {
    const { context, page, complaints } = await visitAs(scene.as, { scheme, width });
    const loaded = await load(page, addressOf(scene));
    expect([loaded.status, await page.title()]).toEqual([scene.status ?? 200, `${scene.title} · Billhook`]);
    expect(loaded.layoutShift).toBe(0);
    expect(loaded.bytes).toBeLessThan(100_000);
    for (const each of ['phone', 'desktop'] as const) {
      await page.setViewportSize({ width: widths[each], height: 900 });
      await shoot(page, `${scene.name}-${scheme}-${widths[each]}`);
      expect(await overflow(page)).toBe(0);
      expect(await violations(page)).toEqual([]);
    }
    await page.setViewportSize({ width: 320, height: 900 });
    expect(await overflow(page)).toBe(0);
    expect(complaints).toEqual([]);
    await context.close();
  });
});

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

  it('show news of the account by themselves', async () => {
    const { context, page } = await visitAs('listener', { scheme: 'dark', width: 'desktop' });
    await load(page, `${gateway.publicUrl}/profile`);
    expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe("You're on Free");
    await gateway.announce(anAccount('listener', { version: 1 }));
    await page.getByRole('heading', { level: 1, name: "You're on Pro" }).waitFor();
    await context.close();
  });

  it('of the demo’s sign-in can be used by everybody', async () => {
    const { context, page } = await visitAs(undefined, { scheme: 'dark', width: 'phone' });
    await load(page, `${gateway.simulator.url}/sign-in`);
    expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('Sign in');
    expect(await violations(page)).toEqual([]);
    expect(await overflow(page)).toBe(0);
    await context.close();
  });
});
