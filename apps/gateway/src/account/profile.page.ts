import { factList, html } from '@billhook/pages';
import type { Html } from '@billhook/pages';
import { accountScriptPath } from '../pages/assets.controller.js';
import { layout } from '../pages/layout.page.js';
import { flash } from '../pages/messages.js';
import type { MessageCode } from '../pages/messages.js';
import { day, money, perCycle } from '../pages/words.js';
import { paymentSections } from './payment-sections.page.js';
import { profileBanners } from './profile-banners.page.js';
import type { Outlook, Price, ProfileView } from './profile-view.js';

export interface ProfilePage {
  view: ProfileView;
  email: string | null;
  message: MessageCode | null;
  dashboardUrl: string;
}

export function profilePage({ view, email, message, dashboardUrl }: ProfilePage): string {
  return layout({
    title: 'Your plan',
    place: 'profile',
    script: accountScriptPath,
    body: html`<div class="narrow stack" data-account="${view.key}" data-until="${view.pendingUntil}">
      ${message !== null && flash(message)} ${profileBanners(view)}
      <section class="card" aria-labelledby="plan">
        <p class="soft">${email ?? 'Your account'}</p>
        <h1 id="plan">You're on <span class="${toneOf(view.tier)}">${view.planName}</span></h1>
        <p class="lead">${sentence(view)}</p>
        ${facts(view)}
        ${view.isPending && html`<p class="soft small">Stripe has accepted this change; its confirmation is on the way.</p>`}
        <div class="actions">${actions(view)}</div>
      </section>
      ${paymentSections(view)}
      <div class="actions leave">
        <a class="button quiet" href="${dashboardUrl}">Dashboard</a>
        <form method="post" action="/refresh-account">
          <button class="button quiet" type="submit">Refresh</button>
        </form>
        <form method="post" action="/sign-out"><button class="button quiet" type="submit">Sign out</button></form>
      </div>
    </div>`,
  });
}

function toneOf(tier: ProfileView['tier']): string {
  return ({ 0: '', 1: 'pro-text', 2: 'elite-text' } as const)[tier];
}

function sentence({ outlook, planName, price }: ProfileView): string {
  switch (outlook.kind) {
    case 'free':
      return 'Free costs nothing and never ends. Upgrade whenever you need more.';
    case 'renews':
      return outlook.on === null ? `${planName} renews by itself.` : `${planName} renews on ${day(outlook.on)}.`;
    case 'trial':
      return `${planName} is free until ${day(outlook.until)}. Your first payment is then, unless you cancel before.`;
    case 'ends':
      return outlook.on === null
        ? `${planName} will not renew. After that you are on Free.`
        : `${planName} ends on ${day(outlook.on)} and will not renew. After that you are on Free.`;
    case 'changes':
      return outlook.on === null
        ? `Your plan is changing to ${outlook.toName}.`
        : `You keep ${planName} until ${day(outlook.on)}. From then on your plan is ${outlook.toName}.`;
    case 'ending_now':
      return 'Your subscription is being canceled.';
    case 'past_due':
      return `You keep ${planName} for now, but its last payment has not come in. Once it has, ${planName} goes on as before; if it never does, you go back to Free.`;
    case 'inactive':
      return inactive(outlook.status, price);
    default:
      return outlook satisfies never;
  }
}

/** Stripe's statuses of a subscription that grants nothing; they are open. */
function inactive(status: string, price: Price | null): string {
  switch (status) {
    case 'past_due':
    case 'unpaid':
      return 'There is a subscription, but its payment has not come in, so you are on Free. Pay what is open, and your plan is back; or cancel it, and nothing more is charged.';
    case 'paused':
      return `There is a subscription, but it is paused: nothing is charged, and you are on Free until it goes on. With a card on file you can let it go on, and pay ${price === null ? 'its price' : costs(price)} from that day; or cancel it.`;
    case 'incomplete':
      return 'There is a subscription, but its first payment is not complete, so it has not begun and you are on Free. Finish the payment, or cancel it and choose again.';
    default:
      return `There is a subscription, but it is not active (${status.replaceAll('_', ' ')}). See Manage billing.`;
  }
}

const costs = (price: Price): string => `${money(price.amount, price.currency)} ${perCycle[price.billingCycle]}`;

type Row = [name: string, value: string];

function nextPlan({ toName, toPrice, on }: Extract<Outlook, { kind: 'changes' }>): Row[] {
  const from: Row[] = on === null ? [] : [['Next payment', day(on)]];
  const price: Row[] = toPrice === null ? [] : [['Its price today', costs(toPrice)]];
  return [['Next plan', toName], ...from, ...price];
}

function facts({ price, outlook, planName }: ProfileView): Html {
  const rows: Row[] = [['Plan', planName]];
  if (outlook.kind === 'inactive' && outlook.ofName !== null)
    rows.push(['Subscription', `${outlook.ofName}, ${outlook.status.replaceAll('_', ' ')}`]);
  if (outlook.kind === 'free') rows.push(['Price', 'Nothing'], ['Next payment', 'None']);
  if (price !== null) rows.push(['Price', costs(price)]);
  if (outlook.kind === 'renews' && outlook.on !== null) rows.push(['Next payment', day(outlook.on)]);
  if (outlook.kind === 'trial') rows.push(['First payment', day(outlook.until)]);
  if (outlook.kind === 'changes') rows.push(...nextPlan(outlook));
  if (outlook.kind === 'ends' || outlook.kind === 'ending_now') rows.push(['Next payment', 'None']);
  if (outlook.kind === 'past_due') rows.push(['Next payment', 'Overdue']);
  if (outlook.kind === 'inactive') rows.push(...openPayment(outlook.status));
  if (outlook.kind === 'ends' && outlook.on !== null) rows.push(['Ends on', day(outlook.on)]);
  return factList(rows);
}

/** Stripe's statuses are open: of another one nothing is said. */
function openPayment(status: string): Row[] {
  switch (status) {
    case 'past_due':
    case 'unpaid':
      return [['Next payment', 'Overdue']];
    case 'paused':
      return [['Next payment', 'None while it is paused']];
    case 'incomplete':
      return [['Next payment', 'The first one is not complete']];
    default:
      return [];
  }
}

function actions(view: ProfileView): Html {
  const isFree = view.outlook.kind === 'free';
  return html`${isFree && html`<a class="button green" href="/pricing">See the plans</a>`}
  ${view.remedy !== null && html`<a class="button green" href="${view.remedy.href}">${view.remedy.label}</a>`}
  ${view.canChange && html`<a class="button ${view.remedy === null ? 'green' : 'quiet'}" href="/pricing">Change plan</a>`}
  ${view.canResume !== false && resumeForm(view, view.canResume)}
  ${view.canManage && html`<a class="button quiet" href="/manage-subscription">Manage billing</a>`}
  ${view.canCancel === 'at_period_end' && cancelAtPeriodEnd} ${view.canCancel === 'now' && cancelNow}`;
}

const resumeLabels = (planName: string) =>
  ({ end: "Don't cancel", change: `Keep ${planName}`, pause: 'Let it go on' }) as const;

/** What brings a plan in trouble back comes before what is to stay as it is. */
const resumeForm = ({ planName, remedy }: ProfileView, what: Exclude<ProfileView['canResume'], false>): Html =>
  html`<form method="post" action="/resume-subscription">
    ${what === 'pause' && html`<input type="hidden" name="ends_pause" value="true" />`}
    <button class="button ${remedy === null ? 'green' : 'quiet'}" type="submit">${resumeLabels(planName)[what]}</button>
  </form>`;

/** Can be taken back until the period's end. */
const cancelAtPeriodEnd = html`<form method="post" action="/cancel-subscription">
  <input type="hidden" name="immediate" value="false" />
  <button class="button danger" type="submit">Cancel subscription</button>
</form>`;

/** Cannot be taken back, so it takes a second click; without a script, and closed again by the first button. */
const cancelNow = html`<details class="sure">
  <summary class="button danger">Cancel it now</summary>
  <p>It ends at once and nothing more is charged. This cannot be taken back; a plan can be chosen anew at any time.</p>
  <form method="post" action="/cancel-subscription">
    <input type="hidden" name="immediate" value="true" />
    <button class="button danger" type="submit">Yes, end it now</button>
  </form>
</details>`;
