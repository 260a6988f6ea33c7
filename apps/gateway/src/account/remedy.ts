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

/** Null where nothing is wrong, and of a paused one that only has to be let go on. */
export function remedyFor(
  outlook: Outlook,
  actionRequired: ActionRequired | null,
  details: ShownDetails | null,
): Remedy | null {
  if (outlook.kind === 'free' || outlook.kind === 'ending_now') return null;
  if (actionRequired !== null) return forAction(actionRequired);
  if (outlook.kind === 'past_due') return payment(details, 'Fix the payment');
  return outlook.kind === 'inactive' ? forInactive(outlook.status, details) : null;
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

function forInactive(status: string, details: ShownDetails | null): Remedy | null {
  switch (status) {
    case 'past_due':
    case 'unpaid':
      return payment(details, 'Fix the payment');
    case 'incomplete':
      return payment(details, 'Finish the payment');
    case 'paused':
      return details !== null && details.method === null ? addCard : null;
    default:
      return null;
  }
}

/** Stripe's page for what is open pays it; a card that is only changed is not charged before Stripe's next try, if there is one. */
function payment(details: ShownDetails | null, label: string): Remedy {
  const open = details?.invoices.find(({ status, url }) => status === 'open' && url !== null);
  return { label, href: open?.url ?? portal };
}
