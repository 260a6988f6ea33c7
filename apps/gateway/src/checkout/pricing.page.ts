import { html, icons } from '@billhook/pages';
import type { Html } from '@billhook/pages';
import { handoffScriptPath } from '../pages/assets.controller.js';
import { layout } from '../pages/layout.page.js';
import { flash } from '../pages/messages.js';
import type { MessageCode } from '../pages/messages.js';
import { money } from '../pages/words.js';
import type { Offer, PlanCard } from './pricing-view.js';

export function pricingPage(cards: PlanCard[], message: MessageCode | null): string {
  return layout({
    title: 'Pricing',
    place: 'pricing',
    script: handoffScriptPath,
    body: html`${message !== null && flash(message)}
      <div class="center">
        <h1><span class="gradient">Choose your plan</span></h1>
        <p class="lead">Start free. Upgrade when you need faster data and more alerts, and cancel at any time.</p>
      </div>
      <div class="plans">${cards.map(card)}</div>
      <p class="secure">${icons.card} Secure payment powered by Stripe</p>
      <p class="unseen" role="status" data-handoff-note></p>`,
  });
}

const looks = {
  0: { card: '', name: '', button: 'quiet' },
  1: { card: 'pro', name: 'pro-text', button: 'green' },
  2: { card: 'elite', name: 'elite-text', button: 'purple' },
} as const;

function card(plan: PlanCard): Html {
  const look = looks[plan.tier];
  return html`<section class="card plan ${look.card}" aria-labelledby="plan-${plan.tier}">
    ${plan.isCurrent && html`<span class="badge">Your plan${plan.currentCycle !== null && `, paid ${plan.currentCycle}`}</span>`}
    <h2 id="plan-${plan.tier}" class="${look.name}">${plan.name}</h2>
    ${price(plan.offers)} ${plan.trialDays > 0 && html`<p class="or">${trial(plan.trialDays)}</p>`}
    <ul>
      ${plan.features.map((feature) => html`<li>${icons.check}${feature}</li>`)}
    </ul>
    <div class="actions">${actions(plan, look.button)}</div>
  </section>`;
}

function price(offers: Offer[]): Html {
  const monthly = offers.find((offer) => offer.billingCycle === 'monthly');
  const yearly = offers.find((offer) => offer.billingCycle === 'yearly');
  if (monthly === undefined)
    return html`<p class="price">$0</p>
      <p class="or">For ever</p>`;
  return html`<p class="price">${money(monthly.amount, monthly.currency)} <small>/ month</small></p>
    <p class="or">${yearly && html`or ${money(yearly.amount, yearly.currency)} a year ${saving(yearly)}`}</p>`;
}

function trial(days: number): string {
  return days === 1 ? 'Your first day is free' : `Your first ${days} days are free`;
}

function saving(offer: Offer): Html | false {
  return offer.saving > 0 && html`<span class="save">Save ${money(offer.saving, offer.currency)}</span>`;
}

function actions(plan: PlanCard, button: string): Html | Html[] {
  switch (plan.action) {
    case 'none':
      return html``;
    case 'start':
      return html`<a class="button quiet" href="/profile">Start free</a>`;
    case 'leave':
      return html`<p class="note">To go back to Free, cancel on <a href="/profile">your profile</a>.</p>`;
    case 'change':
      return offers(plan, button, '/change-plan');
    case 'settle':
      return html`<p class="note">
        Your subscription needs something first: see <a href="/profile">your profile</a>.
      </p>`;
    case 'buy':
      return offers(plan, button, '/create-checkout');
    default:
      return plan.action satisfies never;
  }
}

function offers(plan: PlanCard, button: string, path: string): Html[] {
  const others = plan.offers.filter((offer) => offer.isOnSale && offer.billingCycle !== plan.currentCycle);
  return others.map(({ billingCycle }) => {
    const look = billingCycle === 'monthly' ? button : 'quiet';
    const href = `${path}?tier=${plan.tier}&billing_cycle=${billingCycle}`;
    const handoff = plan.action === 'buy' && html`data-handoff`;
    return html`<a class="button ${look}" href="${href}" ${handoff}>${plan.name} ${billingCycle}</a>`;
  });
}
