import type { ActionRequired } from '@billhook/contracts';
import { html } from '@billhook/pages';
import type { Html } from '@billhook/pages';
import { banner } from '../pages/messages.js';
import { day, money, perCycle } from '../pages/words.js';
import type { Outlook, PaidBeside, ProfileView } from './profile-view.js';

/** What somebody has to know or to do before anything else on the profile. */
export function profileBanners(view: ProfileView): (Html | false)[] {
  const { outlook, actionRequired } = view;
  return [
    view.paidBeside.length > 0 && banner('bad', paidTwice(view.paidBeside)),
    actionRequired !== null && actionNeeded(actionRequired, aimOf(outlook)),
    actionRequired === null && isOwing(outlook) && banner('bad', lastPaymentFailed(aimOf(outlook))),
    outlook.kind === 'trial' && banner('info', `Your free trial ends on ${day(outlook.until)}. ${afterTrial(view)}`),
    outlook.kind === 'changes' &&
      outlook.on !== null &&
      banner('info', `A change is planned: ${outlook.toName} from ${day(outlook.on)}.`),
  ];
}

/** Which of them is to go only their payer knows, and Stripe's page lists them all. */
const paidTwice = (others: readonly PaidBeside[]): Html =>
  html`You are paying for more than one subscription: the one below, and beside it ${others.map(named).join(' and ')}.
    One is enough. <a href="/manage-subscription">Cancel the one that you do not need</a>.`;

function named({ name, price }: PaidBeside): string {
  if (name === null) return 'another one';
  return price === null ? name : `${name} for ${money(price.amount, price.currency)}`;
}

function isOwing(outlook: Outlook): boolean {
  if (outlook.kind === 'inactive') return outlook.status === 'unpaid' || outlook.status === 'past_due';
  return outlook.kind === 'past_due';
}

const aimOf = ({ kind }: Outlook): string => (kind === 'inactive' ? 'to have your plan back' : 'to keep your plan');

const lastPaymentFailed = (aim: string): Html =>
  html`Your last payment failed. <a href="/manage-subscription?flow=payment_method">Change your card</a> ${aim}.`;

/** The reason is open: what is not known here is still something that Stripe's page for the invoice explains. */
function actionNeeded({ reason, url }: ActionRequired, aim: string): Html {
  const page = url ?? '/manage-subscription';
  switch (reason) {
    case 'payment_confirmation':
      return banner('warn', html`Your bank asks you to confirm a payment. <a href="${page}">Confirm it</a> ${aim}.`);
    case 'payment_failed':
      return banner(
        'bad',
        html`Your last payment failed. <a href="${page}">Pay it now</a>, or
          <a href="/manage-subscription?flow=payment_method">change your card</a>, ${aim}.`,
      );
    default:
      return banner('warn', html`A payment needs something from you. <a href="${page}">See what it is</a>`);
  }
}

function afterTrial({ price }: ProfileView): string {
  if (price === null) return 'From then on it is paid, unless you cancel before.';
  const amount = `${money(price.amount, price.currency)} ${perCycle[price.billingCycle]}`;
  return `From then on it is ${amount}, unless you cancel before.`;
}
