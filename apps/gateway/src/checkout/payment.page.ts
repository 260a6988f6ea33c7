import { html, icons } from '@billhook/pages';
import type { Html } from '@billhook/pages';
import { onwardScriptPath, successScriptPath } from '../pages/assets.controller.js';
import { layout } from '../pages/layout.page.js';
import { day, money, perCycle } from '../pages/words.js';
import type { CheckoutProgress } from './checkout-progress.js';

const refreshSeconds = 3;
/** Long enough to read two sentences, and to say that one wants to stay. */
const onwardSeconds = 8;

export interface SuccessPage {
  progress: Exclude<CheckoutProgress, { kind: 'past' }>;
  sessionId: string;
  /** This page's own address, for looking again. */
  selfUrl: string;
  dashboardUrl: string;
  /** Its reader has said so: it leads nowhere by itself. */
  isStaying: boolean;
}

/** What a customer sees after Stripe's page. It reports what the account says; it grants nothing. */
export function successPage(page: SuccessPage): string {
  switch (page.progress.kind) {
    case 'active':
      return activePage(page, page.progress);
    case 'confirming':
      return confirmingPage(page, page.progress.isLate);
    case 'action_needed':
      return unfinishedPage({
        title: 'One more step',
        text: 'Your bank or Stripe needs something more before your plan can begin. Complete the payment there; there is no need to choose a plan again. This page goes on by itself once it is done.',
        waiting: { sessionId: page.sessionId, state: page.progress.kind },
        action: html`<a class="button green" href="${page.progress.url ?? '/manage-subscription'}"
            >Complete the payment</a
          >${profileLink}`,
      });
    case 'failed':
      return unfinishedPage({
        title: 'The payment did not go through',
        text: 'It was not completed in time, so your plan has not begun. Choose your plan again to start afresh.',
        action: html`${plansLink}${profileLink}`,
      });
    case 'unpaid':
      return unfinishedPage({
        title: 'Not paid yet',
        text: 'The payment has not been completed, and nothing has been charged. You can go on where you left off.',
        action:
          page.progress.url === null
            ? html`${plansLink}${profileLink}`
            : html`<a class="button green" href="${page.progress.url}">Go on to pay</a>${profileLink}`,
      });
    case 'expired':
      return unfinishedPage({
        title: 'This checkout has expired',
        text: 'It was not paid in time, and nothing has been charged. Choose your plan again to start afresh.',
        action: html`${plansLink}${profileLink}`,
      });
    default:
      return page.progress satisfies never;
  }
}

const plansLink = html`<a class="button green" href="/pricing">See the plans</a>`;
const profileLink = html`<a class="button quiet" href="/profile">Your profile</a>`;

type Active = Extract<CheckoutProgress, { kind: 'active' }>;

/** What was paid, or was not yet, and when the next payment is. A promotion code may have made it cheaper: only Stripe knows. */
function thanks({ planName, price, next }: Active): string {
  const costs =
    price === null
      ? null
      : `${money(price.amount, price.currency)} ${perCycle[price.billingCycle]} before any discount`;
  if (next?.isAfterTrial === true)
    return `Thank you. Your free trial has begun and everything in ${planName} is unlocked. Your first payment${costs === null ? '' : `, ${costs},`} is on ${day(next.on)}, unless you cancel before.`;
  const renewal = next === null ? '' : ` It renews on ${day(next.on)}${costs === null ? '' : `, at ${costs}`}.`;
  return `Thank you. Your payment went through and everything in ${planName} is unlocked.${renewal}`;
}

function activePage({ selfUrl, dashboardUrl, isStaying }: SuccessPage, active: Active): string {
  const { planName } = active;
  return layout({
    title: `You're on ${planName}`,
    ...(!isStaying && { refresh: { afterSeconds: onwardSeconds, url: dashboardUrl }, script: onwardScriptPath }),
    body: html`<div class="card narrow center" data-onward="${dashboardUrl}" data-seconds="${onwardSeconds}">
      <div class="mark good" aria-hidden="true">${icons.check}</div>
      <h1><span class="gradient">You're on ${planName}</span></h1>
      <p class="lead">${thanks(active)}</p>
      ${!isStaying && html`<p class="soft">Taking you to the dashboard in a few seconds.</p>`}
      <div class="actions">
        <a class="button green" href="${dashboardUrl}">Go to the dashboard</a>
        <a class="button quiet" href="/profile">See your plan</a>
        ${!isStaying && html`<a class="button quiet" href="${selfUrl}&stay=yes">Stay here</a>`}
      </div>
    </div>`,
  });
}

/**
 * Offers no second purchase: the first one is on its way. Both texts have their room from the beginning, so that nothing moves when
 * the second takes the first one's place.
 */
function confirmingPage({ sessionId, selfUrl }: SuccessPage, isLate: boolean): string {
  return layout({
    title: 'Confirming your payment',
    refresh: { afterSeconds: refreshSeconds, url: selfUrl },
    script: successScriptPath,
    body: html`<div
      class="card narrow center"
      role="status"
      data-session="${sessionId}"
      data-state="confirming"
      data-wait="${isLate ? 'late' : 'soon'}"
    >
      <div class="spinner" aria-hidden="true"></div>
      <h1>Confirming your payment</h1>
      <div class="in-turn">
        <p class="lead soon">
          Stripe is telling us about your payment. This usually takes a few seconds; the page looks again by itself.
          There is no need to pay again, nor to stay: your plan begins without this page.
        </p>
        <p class="lead late">
          This takes longer than usual, so we have asked Stripe ourselves. Your payment is not lost, and there is no
          need to pay again, nor to stay: your plan begins without this page.
        </p>
      </div>
      <div class="actions"><a class="button quiet" href="${selfUrl}">Look again now</a>${profileLink}</div>
    </div>`,
  });
}

interface Unfinished {
  title: string;
  text: string;
  action: Html;
  /** For what may yet be finished elsewhere: the page shows it by itself. */
  waiting?: { sessionId: string; state: string };
}

function unfinishedPage({ title, text, action, waiting }: Unfinished): string {
  return layout({
    title,
    ...(waiting && { script: successScriptPath }),
    body: html`<div
      class="card narrow center"
      ${waiting && html`role="status" data-session="${waiting.sessionId}" data-state="${waiting.state}"`}
    >
      <div class="mark warn" aria-hidden="true">${icons.alert}</div>
      <h1>${title}</h1>
      <p class="lead">${text}</p>
      <div class="actions">${action}</div>
    </div>`,
  });
}

export function canceledPage(): string {
  return layout({
    title: 'Checkout canceled',
    body: html`<div class="card narrow center">
      <div class="mark info" aria-hidden="true">${icons.info}</div>
      <h1>Checkout canceled</h1>
      <p class="lead">
        Nothing has been charged and your plan is as it was. Your choice is kept for a while in case you change your
        mind.
      </p>
      <div class="actions">
        <a class="button green" href="/pricing">Back to pricing</a
        ><a class="button quiet" href="/profile">Your profile</a>
      </div>
    </div>`,
  });
}
