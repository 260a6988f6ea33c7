import type { ActionRequired } from '@billhook/contracts';
import type { ShownDetails } from './billing-details.js';
import type { Outlook } from './profile-view.js';

/** The one step that brings a plan in trouble back, as the main button of its card. `href` is Stripe's page or our way to it. */
export interface Remedy {
  label: string;
  href: string;
}

const portal = '/manage-subscription';

/** What pauses because a trial ended without a card goes on only with one. */
const addCard: Remedy = { label: 'Add a card', href: `${portal}?flow=payment_method` };

/** What is wrong, and with which subscription. */
export interface Trouble {
  outlook: Outlook;
  actionRequired: ActionRequired | null;
  subscriptionId: string | null;
}

/** Null where nothing is wrong, and of a paused one that only has to be let go on. */
export function remedyFor(
  { outlook, actionRequired, subscriptionId }: Trouble,
  details: ShownDetails | null,
): Remedy | null {
  if (outlook.kind === 'free' || outlook.kind === 'ending_now') return null;
  if (actionRequired !== null) return forAction(actionRequired);
  const open = openInvoice(subscriptionId, details);
  if (outlook.kind === 'past_due') return payment('Fix the payment', open);
  return outlook.kind === 'inactive' ? forInactive(outlook.status, open, details) : null;
}

/** The reason is open, as it is for the banner. */
function forAction({ reason, url }: ActionRequired): Remedy {
  const href = url ?? portal;
  switch (reason) {
    case 'payment_confirmation':
      return { label: 'Confirm the payment', href };
    case 'payment_failed':
      return { label: 'Pay it now', href };
    default:
      return { label: 'See what is needed', href };
  }
}

function forInactive(status: string, open: string | null, details: ShownDetails | null): Remedy | null {
  switch (status) {
    case 'past_due':
    case 'unpaid':
      return payment('Fix the payment', open);
    case 'incomplete':
      return payment('Finish the payment', open);
    case 'paused':
      // Let go on once, and not paid: Stripe lets it go on no second time.
      if (open !== null) return payment('Finish the payment', open);
      return details !== null && details.method === null ? addCard : null;
    default:
      return null;
  }
}

/** Stripe's page for what is open pays it; a card that is only changed is not charged before Stripe's next try, if there is one. */
function payment(label: string, open: string | null): Remedy {
  return { label, href: open ?? portal };
}

/** Of this subscription, and as good as now: another debt, or one that is paid by now, brings nothing back. */
function openInvoice(subscriptionId: string | null, details: ShownDetails | null): string | null {
  if (subscriptionId === null || details === null || details.readAt !== null) return null;
  const ofIt = details.invoices.filter((invoice) => invoice.subscriptionId === subscriptionId);
  return ofIt.find(({ status, url }) => status === 'open' && url !== null)?.url ?? null;
}
