import { html, icons } from '@billhook/pages';
import type { Html } from '@billhook/pages';
import type { ErrorCode, Problem } from '@billhook/runtime';
import { layout } from './layout.page.js';

/**
 * What went wrong, in words, with what to do next. Shows nothing but what stands here, the error table's own text and `detail`.
 * `again` is our own address that the same thing can be asked at once more; null where asking again cannot help.
 */
export function errorPage(problem: Problem, again: string | null): string {
  return layout({
    title: problem.title,
    body: html`<div class="card narrow center">
      <div class="mark ${problem.status >= 500 ? 'bad' : 'warn'}" aria-hidden="true">${icons.alert}</div>
      <h1>${problem.title}</h1>
      <p class="lead">${advice(problem)}</p>
      <div class="actions">
        ${again !== null && html`<a class="button green" href="${again}">Try again</a>`}
        ${problem.code === 'account_erased' ? plansAlone : waysOn(again === null)}
      </div>
      <p class="code">
        ${problem.status} ${problem.code}
        ${problem.request_id !== undefined && html`<span>${problem.request_id}</span>`}
      </p>
    </div>`,
  });
}

const waysOn = (isFirst: boolean): Html =>
  html`<a class="button ${isFirst ? 'green' : 'quiet'}" href="/pricing">See the plans</a>
    <a class="button quiet" href="/profile">Your profile</a>`;

/** Whoever is erased has no profile any more. */
const plansAlone = html`<a class="button green" href="/pricing">See the plans</a>`;

/** Where the table speaks to whoever writes a program or runs this one, people are told what it means for them. */
const toPeople: Partial<Record<ErrorCode, string>> = {
  account_erased:
    'Your subscription has been ended, nothing more is charged, and your data is gone for good. You are signed out here. To begin again, sign up anew.',
  identity_provider_unavailable: 'Nothing was changed. Try again in a minute.',
  not_found: 'Check the address. What belongs to another account is not shown here either.',
  origin_not_allowed: 'Nothing was changed. Open the page here and use its own button.',
  payment_in_progress: 'Nothing was bought a second time. Your profile shows the plan once the payment is confirmed.',
  plan_not_on_sale: 'Nothing was charged. Try again later, or choose another plan.',
  price_gone: 'Nothing was bought. Choose another plan, or try again later.',
  rate_limited: 'Wait a minute, then go on. Nothing was changed by this last request.',
  role_missing: 'This page is not for your account.',
  stripe_mode_mismatch: 'Nothing was changed. This needs whoever runs the site; the code below tells them what.',
  stripe_refused: 'Nothing was changed. Try again, or choose something else.',
  stripe_timeout: 'Try again in a minute: a second try never charges twice. Your profile shows the plan that you have.',
  stripe_unavailable:
    'Try again in a minute: a second try never charges twice. Your profile shows the plan that you have.',
};

/** What is wrong with the request says more than the table; with our surroundings, trying again is all there is to do. */
function advice({ code, status, detail, cure }: Problem): string {
  const words = toPeople[code];
  if (words !== undefined) return words;
  if (detail === undefined || status >= 500) return cure;
  return `${detail.charAt(0).toUpperCase()}${detail.slice(1)}.`;
}
