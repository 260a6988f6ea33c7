import { html, icons } from '@billhook/pages';
import type { Html } from '@billhook/pages';
import type { ErrorCode } from '@billhook/runtime';
import type { PlanChoice } from '../checkout/plan-choice.js';
import { layout } from '../pages/layout.page.js';
import { dayOf } from '../pages/words.js';
import type { ChangeRefusal } from './plan-change.js';
import type { PaymentRequired } from './plan-changer.client.js';

/** What stands in the way and can be got out of it by the customer. */
type Obstacle = Exclude<ChangeRefusal, 'already_subscribed'> | 'preview_expired';

const profile = html`<a class="button green" href="/profile">Your profile</a>`;
const changeCard = html`<a class="button green" href="/manage-subscription?flow=payment_method">Change your card</a>`;
const takeBack = (label: string): Html =>
  html`<form method="post" action="/resume-subscription">
    <button class="button green" type="submit">${label}</button>
  </form>`;

const obstacles: Record<Obstacle, { title: string; text: string; action: (choice: PlanChoice) => Html }> = {
  change_scheduled: {
    title: 'A change is planned already',
    text: 'Your plan is to change at the end of the period. Take that back first, then choose again.',
    action: () => takeBack('Take the planned change back'),
  },
  payment_overdue: {
    title: 'Your last payment has not gone through',
    text: 'Pay the open invoice or change your card first. Then you can change your plan.',
    action: () => changeCard,
  },
  preview_expired: {
    title: 'These figures are out of date',
    text: 'Nothing was changed and nothing was charged. Look at the new figures, then confirm them.',
    action: ({ tier, billingCycle }) =>
      html`<a class="button green" href="/change-plan?tier=${tier}&billing_cycle=${billingCycle}"
        >See the new figures</a
      >`,
  },
  subscription_ending: {
    title: 'Your plan is about to end',
    text: 'You have canceled it. Take the cancellation back first, then choose again.',
    action: () => takeBack("Don't cancel"),
  },
  subscription_incomplete: {
    title: 'Your first payment is not complete',
    text: 'Finish it first: your profile leads there. Then you can change your plan.',
    action: () => profile,
  },
  subscription_paused: {
    title: 'Your subscription is paused',
    text: 'Once it goes on again you can change your plan. Your profile shows what you can do.',
    action: () => profile,
  },
};

export function isObstacle(code: ErrorCode): code is Obstacle {
  return Object.hasOwn(obstacles, code);
}

export function obstaclePage(code: Obstacle, choice: PlanChoice): string {
  const { title, text, action } = obstacles[code];
  return page(title, text, action(choice));
}

/**
 * The bank wants more, or the card was declined: nothing has changed, and Stripe's page takes the payment. `name` is the plan's
 * that was chosen.
 */
export function paymentRequiredPage({ url, until }: PaymentRequired, name: string): string {
  return page(
    'Your payment is not complete',
    `Your card was declined, or your bank wants you to confirm. Your plan and its price are as they were. Complete the payment by ${dayOf(until)} and ${name} begins by itself, or change your card and choose ${name} again. If you do neither, nothing more happens.`,
    html`${url !== null && html`<a class="button green" href="${url}">Complete the payment</a>`}
      <a class="button quiet" href="/manage-subscription?flow=payment_method">Change your card</a>`,
  );
}

function page(title: string, text: string, action: Html): string {
  return layout({
    title,
    body: html`<div class="card narrow center">
      <div class="mark warn" aria-hidden="true">${icons.alert}</div>
      <h1>${title}</h1>
      <p class="lead">${text}</p>
      <div class="actions">
        ${action}${action !== profile && html`<a class="button quiet" href="/profile">Your profile</a>`}
      </div>
    </div>`,
  });
}
