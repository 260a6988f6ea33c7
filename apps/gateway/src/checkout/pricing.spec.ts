import { describe, expect, it } from '@jest/globals';
import { planCatalogue } from '@billhook/billing';
import { samples } from '@billhook/contracts';
import { yearlySaving } from '../pages/words.js';
import { pricingPage } from './pricing.page.js';
import { pricingView } from './pricing-view.js';

const catalogue = planCatalogue({
  pro: { monthly: ['price_pro_monthly'], yearly: ['price_pro_yearly'] },
  elite: { monthly: ['price_elite_monthly'], yearly: ['price_elite_yearly'] },
});
const subscriber = samples['billing.account.changed'];

describe('the pricing page', () => {
  it('shows every plan with its prices, what a year saves, and who handles the payment', () => {
    const page = pricingPage(pricingView(catalogue, null), null);
    for (const text of ['$9.99', '$99 a year', 'Save $20', '$29.99', '$299 a year', 'Save $60']) {
      expect(page).toContain(text);
    }
    expect(page).toContain('Secure payment powered by Stripe');
  });

  it('leads a visitor to the checkout of each plan and cycle', () => {
    const page = pricingPage(pricingView(catalogue, null), null);
    for (const tier of [1, 2]) {
      for (const cycle of ['monthly', 'yearly']) {
        expect(page).toContain(`href="/create-checkout?tier=${tier}&amp;billing_cycle=${cycle}"`);
      }
    }
    expect(page).not.toContain('Your plan');
    expect(page).toContain('<a class="button quiet" href="/profile">Start free</a>');
  });

  it('marks the current plan and offers a subscriber no second purchase', () => {
    const cards = pricingView(catalogue, subscriber);
    expect(cards.map((card) => [card.name, card.isCurrent, card.action])).toEqual([
      ['Free', false, 'leave'],
      ['Pro', true, 'change'],
      ['Elite', false, 'change'],
    ]);
    const page = pricingPage(cards, null);
    expect(page).toContain('Your plan, paid monthly');
    expect(page).toContain('To go back to Free, cancel on <a href="/profile">your profile</a>.');
    expect(page).not.toContain('/create-checkout');
    expect(page.match(/href="\/change-plan\?[^"]+"/g)).toEqual([
      'href="/change-plan?tier=1&amp;billing_cycle=yearly"',
      'href="/change-plan?tier=2&amp;billing_cycle=monthly"',
      'href="/change-plan?tier=2&amp;billing_cycle=yearly"',
    ]);
  });

  it('sells again to who is on Free after a subscription has ended', () => {
    if (subscriber.subscription === null) throw new Error('the golden account has a subscription');
    const ended = { ...subscriber.subscription, is_active: false, is_canceled: true };
    const cards = pricingView(catalogue, { ...subscriber, tier: 0, subscription: ended });
    expect(cards.map((card) => [card.isCurrent, card.action])).toEqual([
      [true, 'none'],
      [false, 'buy'],
      [false, 'buy'],
    ]);
  });

  it.each(['past_due', 'unpaid', 'paused', 'incomplete'])(
    'leads whose subscription is %s to the profile, and to no change that Stripe would refuse',
    (status) => {
      if (subscriber.subscription === null) throw new Error('the golden account has a subscription');
      const subscription = { ...subscriber.subscription, status, is_active: status === 'past_due' };
      const page = pricingPage(pricingView(catalogue, { ...subscriber, subscription }), null);
      expect(page.match(/needs something first: see <a href="\/profile">/g)).toHaveLength(2);
      expect(page).not.toMatch(/change-plan|create-checkout/);
    },
  );

  it('tells in words what each plan allows', () => {
    expect(pricingView(catalogue, null).map((card) => card.features)).toEqual([
      ['Data refreshed every 60 seconds', '3 price alerts'],
      ['Data refreshed every 10 seconds', '50 price alerts', 'Alerts by e-mail', 'Export as CSV'],
      [
        'Data refreshed every second',
        '500 price alerts',
        'Alerts by e-mail',
        'Alerts by SMS',
        'Export as CSV and JSON',
      ],
    ]);
  });

  it('tells how long a first subscription is free, and nothing where it is not', () => {
    expect(pricingPage(pricingView(catalogue, null), null)).not.toContain('free</p>');
    const [free, pro, elite] = pricingView(catalogue, null);
    if (free === undefined || pro === undefined || elite === undefined) throw new Error('a plan is missing');
    const page = pricingPage([free, { ...pro, trialDays: 14 }, { ...elite, trialDays: 1 }], null);
    expect(page).toContain('Your first 14 days are free');
    expect(page).toContain('Your first day is free');
  });

  it('offers no button for what is not on sale', () => {
    const [, pro] = pricingView(catalogue, null);
    if (pro === undefined) throw new Error('a plan is missing');
    const offers = pro.offers.map((offer) => ({ ...offer, isOnSale: offer.billingCycle === 'yearly' }));
    const page = pricingPage([{ ...pro, offers }], null);
    expect(page).toContain('billing_cycle=yearly');
    expect(page).not.toContain('billing_cycle=monthly');
  });

  it('never promises a saving that is not there', () => {
    expect([yearlySaving(999, 9900), yearlySaving(2999, 29900), yearlySaving(999, 12_000)]).toEqual([2000, 6000, 0]);
  });
});
