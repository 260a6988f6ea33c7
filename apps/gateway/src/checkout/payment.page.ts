import { html, icons } from '@billhook/pages';
import type { Html } from '@billhook/pages';
import { onwardScriptPath, successScriptPath } from '../pages/assets.controller.js';
import { layout } from '../pages/layout.page.js';
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
      return activePage(page, page.progress.planName);
    case 'confirming':
      return confirmingPage(page.sessionId, page.selfUrl);
    case 'action_needed':
      return unfinishedPage({
        title: 'One more step',
        text: 'Your bank or Stripe needs something more before your plan can begin. Complete the payment there; there is no need to choose a plan again.',
        action: html`<a class="button green" href="/manage-subscription">Complete the payment</a>`,
      });
    case 'failed':
      return unfinishedPage({
        title: 'The payment did not go through',
        text: 'It was not completed in time, so your plan has not begun. Choose your plan again to start afresh.',
        action: plansLink,
      });
    case 'unpaid':
      return unfinishedPage({
        title: 'Not paid yet',
        text: 'The payment has not been completed, and nothing has been charged. You can go on where you left off.',
        action:
          page.progress.url === null
            ? plansLink
            : html`<a class="button green" href="${page.progress.url}">Go on to pay</a>`,
      });
    case 'expired':
      return unfinishedPage({
        title: 'This checkout has expired',
        text: 'It was not paid in time, and nothing has been charged. Choose your plan again to start afresh.',
        action: plansLink,
      });
    default:
      return page.progress satisfies never;
  }
}

const plansLink = html`<a class="button green" href="/pricing">See the plans</a>`;

function activePage({ selfUrl, dashboardUrl, isStaying }: SuccessPage, planName: string): string {
  return layout({
    title: `You're on ${planName}`,
    ...(!isStaying && { refresh: { afterSeconds: onwardSeconds, url: dashboardUrl }, script: onwardScriptPath }),
    body: html`<div class="card narrow center" data-onward="${dashboardUrl}" data-seconds="${onwardSeconds}">
      <div class="mark good" aria-hidden="true">${icons.check}</div>
      <h1><span class="gradient">You're on ${planName}</span></h1>
      <p class="lead">Thank you. Your payment went through and everything in ${planName} is unlocked.</p>
      ${!isStaying && html`<p class="soft">Taking you to the dashboard in a few seconds.</p>`}
      <div class="actions">
        <a class="button green" href="${dashboardUrl}">Go to the dashboard</a>
        <a class="button quiet" href="/profile">See your plan</a>
        ${!isStaying && html`<a class="button quiet" href="${selfUrl}&stay=yes">Stay here</a>`}
      </div>
    </div>`,
  });
}

/** Offers no second purchase: the first one is on its way. */
function confirmingPage(sessionId: string, selfUrl: string): string {
  return layout({
    title: 'Confirming your payment',
    refresh: { afterSeconds: refreshSeconds, url: selfUrl },
    script: successScriptPath,
    body: html`<div class="card narrow center" role="status" data-session="${sessionId}" data-state="confirming">
      <div class="spinner" aria-hidden="true"></div>
      <h1>Confirming your payment</h1>
      <p class="lead">
        Stripe is telling us about your payment. This usually takes a few seconds; the page looks again by itself. There
        is no need to pay again.
      </p>
      <div class="actions"><a class="button quiet" href="${selfUrl}">Look again now</a></div>
    </div>`,
  });
}

function unfinishedPage({ title, text, action }: { title: string; text: string; action: Html }): string {
  return layout({
    title,
    body: html`<div class="card narrow center">
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
