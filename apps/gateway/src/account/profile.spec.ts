import { describe, expect, it, test } from '@jest/globals';
import { samples } from '@billhook/contracts';
import type { SubscriptionView } from '@billhook/contracts';
import { planCatalogue } from '@billhook/billing';
import { accountAnswer, freeAccount } from './account-answer.js';
import type { AccountAnswer } from './account-answer.js';
import type { ShownDetails } from './billing-details.js';
import type { PendingChange } from './pending.js';
import { profilePage } from './profile.page.js';
import { profileView } from './profile-view.js';

const catalogue = planCatalogue({
  pro: { monthly: ['price_pro_monthly'], yearly: ['price_pro_yearly'] },
  elite: { monthly: ['price_elite_monthly'], yearly: ['price_elite_yearly'] },
});
const now = new Date('2026-11-10T12:00:00.000Z');

function answer(
  changes: Partial<SubscriptionView> = {},
  { tier = 1, change = null }: { tier?: 0 | 1 | 2; change?: PendingChange | null } = {},
): AccountAnswer {
  const account = samples['billing.account.changed'];
  if (account.subscription === null) throw new Error('the golden account has a subscription');
  return accountAnswer({ ...account, tier, subscription: { ...account.subscription, ...changes } }, change, now);
}

const pending = (kind: PendingChange['kind']): PendingChange => ({
  kind,
  subscriptionId: 'sub_sample',
  plan: kind.startsWith('change') ? { tier: 2, billingCycle: 'yearly' } : null,
  endsAt: kind === 'resume' ? null : new Date('2026-12-01T00:00:00.000Z'),
  requestedAt: now,
});

const show = (account: AccountAnswer, details: ShownDetails | null = null): string =>
  profilePage({
    view: profileView(account, catalogue, details),
    email: 'user-1@example.com',
    message: null,
    dashboardUrl: 'https://app.example.com',
  });

const factsOf = (page: string): (string | undefined)[][] =>
  [...page.matchAll(/<dt>([^<]*)<\/dt>\s*<dd>([^<]*)<\/dd>/g)].map(([, name, value]) => [name, value]);

const free = accountAnswer(freeAccount('user-1', catalogue, now), null, now);
const scheduled = { cancel_at_period_end: true, will_renew: false };

describe('the profile says', () => {
  test.each([
    ['Free', free, 'Free costs nothing', []],
    ['a renewal', answer(), 'Pro renews on December 1, 2026', ['cancel', 'manage']],
    ['an end at the period’s end', answer(scheduled), 'Pro ends on December 1, 2026', ['resume', 'manage']],
    [
      'an end by date',
      answer({ cancel_at: '2026-11-20T00:00:00.000Z', will_renew: false }),
      'Pro ends on November 20, 2026',
      ['resume', 'manage'],
    ],
    [
      'a trial',
      answer({ status: 'trialing', trial_end: '2026-12-01T00:00:00.000Z' }),
      'Your free trial ends on December 1, 2026. From then on it is $9.99 per month',
      ['cancel', 'manage'],
    ],
    [
      'a failed payment',
      answer({ status: 'past_due' }),
      'You keep Pro for now, but its last payment has not come in. Once it has, Pro goes on as before; if it never does, you go back to Free.',
      ['cancel', 'manage'],
    ],
    [
      'a subscription that nobody has paid',
      answer({ status: 'unpaid', is_active: false }, { tier: 0 }),
      'so you are on Free. Pay what is open, and your plan is back; or cancel it, and nothing more is charged.',
      ['cancel', 'manage'],
    ],
    [
      'a paused one',
      answer({ status: 'paused', is_active: false }, { tier: 0 }),
      'you are on Free until it goes on. With a card on file you can let it go on, and pay $9.99 per month from that day; or cancel it.',
      ['cancel', 'resume', 'manage'],
    ],
    [
      'one that has not begun',
      answer({ status: 'incomplete', is_active: false }, { tier: 0 }),
      'its first payment is not complete, so it has not begun',
      ['cancel', 'manage'],
    ],
    [
      'a subscription in a status that nobody here knows',
      answer({ status: 'on_hold', is_active: false }, { tier: 0 }),
      'not active (on hold)',
      ['cancel', 'manage'],
    ],
    [
      'an ended one',
      answer({ status: 'canceled', is_active: false, is_canceled: true }, { tier: 0 }),
      'Free costs nothing',
      ['manage'],
    ],
    [
      'a cancellation before its event has come',
      answer({}, { change: pending('cancel_at_period_end') }),
      'Pro ends on December 1, 2026',
      ['resume', 'manage'],
    ],
    ['a resumption likewise', answer(scheduled, { change: pending('resume') }), 'Pro renews on', ['cancel', 'manage']],
    [
      'a change of plan likewise',
      answer({}, { change: pending('change_now') }),
      'Your plan is changing to Elite yearly',
      ['cancel', 'manage'],
    ],
    [
      'a plan that is to come',
      answer({ scheduled_change: { tier: 2, billing_cycle: 'yearly', at: '2026-12-01T00:00:00.000Z' } }),
      'You keep Pro until December 1, 2026. From then on your plan is Elite yearly.',
      ['cancel', 'resume', 'manage'],
    ],
    ['an immediate end likewise', answer({}, { change: pending('cancel_now') }), 'is being canceled', ['manage']],
  ])('%s in words, with the buttons that fit', (_, account, words, buttons) => {
    const text = show(account);
    expect(text).toContain(words);
    const addresses = {
      cancel: '/cancel-subscription',
      resume: '/resume-subscription',
      manage: '/manage-subscription',
    };
    const shown = Object.entries(addresses).flatMap(([name, path]) => (text.includes(`"${path}"`) ? [name] : []));
    expect(shown).toEqual(buttons);
  });

  it('what the plan costs, and when', () => {
    expect(show(answer())).toContain('$9.99 per month');
    expect(show(answer({ tier: 2, billing_cycle: 'yearly', price_id: 'price_elite_yearly' }, { tier: 2 }))).toContain(
      '$299 per year',
    );
  });

  it('what is to come and what that costs today', () => {
    const planned = { tier: 2, billing_cycle: 'yearly', at: '2026-12-01T00:00:00.000Z' } as const;
    expect(factsOf(show(answer({ scheduled_change: planned })))).toEqual([
      ['Plan', 'Pro'],
      ['Price', '$9.99 per month'],
      ['Next plan', 'Elite yearly'],
      ['Next payment', 'December 1, 2026'],
      ['Its price today', '$299 per year'],
    ]);
  });

  it('that Free costs nothing, and that nothing is to be paid', () => {
    expect(factsOf(show(free))).toEqual([
      ['Plan', 'Free'],
      ['Price', 'Nothing'],
      ['Next payment', 'None'],
    ]);
  });

  it('which subscription grants nothing, and why, beside the plan that somebody has', () => {
    const text = show(answer({ status: 'unpaid', is_active: false }, { tier: 0 }));
    expect(factsOf(text)).toEqual([
      ['Plan', 'Free'],
      ['Subscription', 'Pro monthly, unpaid'],
      ['Price', '$9.99 per month'],
      ['Next payment', 'Overdue'],
    ]);
    expect(text).toContain('to have your plan back');
  });

  it.each([
    ['paused', 'None while it is paused'],
    ['incomplete', 'The first one is not complete'],
    ['past_due', 'Overdue'],
  ])('what is paid next for one that is %s', (status, next) => {
    expect(factsOf(show(answer({ status, is_active: false }, { tier: 0 })))).toContainEqual(['Next payment', next]);
  });

  it('when a cancellation takes hold: at the period’s end of what was paid for, and now of what grants nothing', () => {
    const immediate = (text: string) => /name="immediate" value="(\w+)"/.exec(text)?.[1];
    expect(immediate(show(answer()))).toBe('false');
    const inactive = show(answer({ status: 'paused', is_active: false }, { tier: 0 }));
    expect([immediate(inactive), inactive.includes('Cancel it now')]).toEqual(['true', true]);
    const ending = answer({ status: 'paused', is_active: false }, { tier: 0, change: pending('cancel_now') });
    expect(show(ending)).toContain('is being canceled');
    expect(show(ending)).not.toContain('Cancel it now');
  });

  it('nothing of a price that the catalogue does not know', () => {
    expect(
      profileView(answer({ price_id: 'price_old', tier: null, billing_cycle: null }), catalogue, null).price,
    ).toBeNull();
  });

  it('which change is not confirmed yet', () => {
    expect(show(answer({}, { change: pending('cancel_now') }))).toContain('its confirmation is on the way');
    expect(show(answer())).not.toContain('its confirmation is on the way');
  });

  it('an e-mail as text, whatever it holds', () => {
    const view = profileView(free, catalogue, null);
    const page = profilePage({ view, email: '<img src=x>', message: null, dashboardUrl: 'https://app.example.com' });
    expect(page).not.toContain('<img');
    expect(page).toContain('&lt;img src=x&gt;');
  });

  it('the message that a redirect names by its code', () => {
    const view = profileView(free, catalogue, null);
    const page = profilePage({ view, email: null, message: 'resumed', dashboardUrl: 'https://app.example.com' });
    expect(page).toContain('Welcome back');
  });
});

describe('the profile asks for', () => {
  test.each([
    ['payment_confirmation', 'https://invoice.example.com/i/1', 'Your bank asks you to confirm a payment'],
    ['payment_failed', 'https://invoice.example.com/i/1', 'Your last payment failed'],
    ['something_new', 'https://invoice.example.com/i/1', 'A payment needs something from you'],
    ['payment_confirmation', null, 'Your bank asks you to confirm a payment'],
  ])('what only the customer can do (%s), and leads there (%s)', (reason, url, words) => {
    const account = { ...answer({ status: 'past_due' }), action_required: { reason, invoice_id: 'in_1', url } };
    const text = show(account);
    expect(text).toContain(words);
    expect(text).toContain(`<a href="${url ?? '/manage-subscription'}">`);
  });
});

describe('the main button of the plan’s card', () => {
  const openInvoice: ShownDetails = {
    method: null,
    invoices: [
      {
        number: 'A-0002',
        subscriptionId: samples['billing.account.changed'].subscription?.id ?? null,
        createdAt: now,
        amount: 999,
        currency: 'usd',
        status: 'open',
        url: 'https://invoice.example.com/i/2',
      },
    ],
    price: null,
    beside: [],
    readAt: null,
  };
  const mainButtons = (page: string) =>
    [...page.matchAll(/class="button green" (?:href="([^"]*)"|type="submit")>([^<]*)</g)].map(([, href, label]) => [
      label,
      href,
    ]);
  const inactive = (status: string) => answer({ status, is_active: false }, { tier: 0 });

  test.each([
    ['past_due', answer({ status: 'past_due' }), 'Fix the payment', 'https://invoice.example.com/i/2'],
    ['unpaid', inactive('unpaid'), 'Fix the payment', 'https://invoice.example.com/i/2'],
    ['incomplete', inactive('incomplete'), 'Finish the payment', 'https://invoice.example.com/i/2'],
    ['paused', inactive('paused'), 'Finish the payment', 'https://invoice.example.com/i/2'],
  ])('is what brings one back that is %s, and no change of plan', (_, account, label, href) => {
    const page = show(account, openInvoice);
    expect(mainButtons(page)).toEqual([[label, href]]);
    expect(page).not.toContain('Change plan');
  });

  it('leads to Stripe’s portal while no page for its own payment is known for now', () => {
    const portal = [['Fix the payment', '/manage-subscription']];
    expect(mainButtons(show(inactive('unpaid')))).toEqual(portal);
    expect(mainButtons(show(inactive('unpaid'), { ...openInvoice, readAt: now }))).toEqual(portal);
    const invoices = openInvoice.invoices.map((invoice) => ({ ...invoice, subscriptionId: 'sub_other' }));
    expect(mainButtons(show(inactive('unpaid'), { ...openInvoice, invoices }))).toEqual(portal);
  });

  test.each([
    ['payment_confirmation', 'Confirm the payment'],
    ['payment_failed', 'Pay it now'],
    ['something_new', 'See what is needed'],
  ])('is what only the customer can do (%s)', (reason, label) => {
    const url = 'https://invoice.example.com/i/1';
    const account = { ...answer({ status: 'past_due' }), action_required: { reason, invoice_id: 'in_1', url } };
    expect(mainButtons(show(account, openInvoice))).toEqual([[label, url]]);
  });

  it('lets a paused one go on for which there is a card, and asks for one that is missing first', () => {
    const method = { kind: 'other', type: 'link' } as const;
    const nothingOpen = { ...openInvoice, invoices: [] };
    expect(mainButtons(show(inactive('paused'), { ...nothingOpen, method }))).toEqual([['Let it go on', undefined]]);
    expect(mainButtons(show(inactive('paused'), nothingOpen))).toEqual([
      ['Add a card', '/manage-subscription?flow=payment_method'],
    ]);
    expect(show(inactive('paused'), nothingOpen)).not.toContain('"/resume-subscription"');
  });

  it('is a change of plan where nothing is wrong, and of an unknown status there is none', () => {
    expect(mainButtons(show(answer()))).toEqual([['Change plan', '/pricing']]);
    expect(mainButtons(show(inactive('on_hold')))).toEqual([]);
  });
});

describe('how the plan is paid', () => {
  const details: ShownDetails = {
    method: { kind: 'card', brand: 'visa', lastFour: '4242', expires: { month: 3, year: 2034 } },
    invoices: [
      {
        number: 'A-0001',
        subscriptionId: 'sub_1',
        createdAt: now,
        amount: 999,
        currency: 'usd',
        status: 'paid',
        url: 'https://invoice.example.com/i/1',
      },
    ],
    price: { amount: 777, currency: 'usd' },
    beside: [],
    readAt: null,
  };

  it('is said to be twice where it is, with what the other one is, and where to end it', () => {
    const other = { priceId: 'price_elite_monthly', price: { amount: 2999, currency: 'usd' } };
    const text = show(answer(), { ...details, beside: [other, { priceId: null, price: null }] });
    expect(text).toContain('beside it Elite monthly for $29.99 and another one');
    expect(text).toContain('<a href="/manage-subscription">Cancel the one that you do not need</a>');
    expect(show(answer(), details)).not.toContain('more than one subscription');
  });

  it('is shown with card, invoices and what Stripe says it costs', () => {
    const text = show(answer(), details);
    for (const words of ['Visa ending in 4242', 'Expires 03/2034', 'A-0001', '$9.99', '$7.77 per month']) {
      expect(text).toContain(words);
    }
    expect(text).toContain('href="https://invoice.example.com/i/1"');
  });

  it('is said to be unknown while Stripe does not answer, or to be from before', () => {
    expect(show(answer())).toContain('Stripe does not answer just now');
    expect(show(answer(), { ...details, readAt: now })).toContain('how it was on November 10, 2026 at 12:00 UTC');
    expect(show(answer(), details)).not.toContain('does not answer');
  });

  it('is nobody’s business who has never bought anything', () => {
    expect(show(free, { ...details, method: null, invoices: [], price: null })).not.toContain('Payment method');
    expect(show(free)).not.toContain('does not answer');
  });

  it('is not guessed for a price that is not on sale any more', () => {
    expect(profileView(answer({ price_id: 'price_2024' }), catalogue, null).price).toBeNull();
    expect(profileView(answer({ price_id: 'price_2024' }), catalogue, details).price?.amount).toBe(777);
  });
});
