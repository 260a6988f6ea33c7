import { behaviourOf } from '../customers/card.js';
import { bankBehaviourOf } from '../customers/bank-account.js';

/** What comes of presenting a payment method. `processing`: a bank debit, whose outcome is known days later. */
export type Verdict =
  | { kind: 'paid' }
  | { kind: 'processing'; willSucceed: boolean }
  | { kind: 'action_required' }
  | { kind: 'declined'; declineCode: string; message: string };

const declined = (declineCode: string, message: string): Verdict & { kind: 'declined' } => ({
  kind: 'declined',
  declineCode,
  message,
});

export const isDeclined = declined('generic_decline', 'Your card was declined.');
const hasNoFunds = declined('insufficient_funds', 'Your card has insufficient funds.');
export const hasFailedAuthentication = declined(
  'authentication_required',
  'We are unable to authenticate your payment method. Please choose a different payment method and try again.',
);
export const hasNoMethod = declined('no_payment_method', 'There is no payment method to charge.');

interface Presentation {
  lastFour: string | null | undefined;
  isBankDebit: boolean;
  /** Saving it for later charges it nothing. */
  purpose: 'charge' | 'save';
  /** The customer has just passed 3-D Secure. */
  hasAuthenticated: boolean;
  /** It was authenticated when it was saved, so that later charges need no customer. */
  isSetUp: boolean;
}

/** What Stripe's test cards and bank accounts do (Stripe docs: Testing). */
export function verdictOn({ lastFour, isBankDebit, purpose, hasAuthenticated, isSetUp }: Presentation): Verdict {
  if (isBankDebit) {
    if (purpose === 'save') return { kind: 'paid' };
    return { kind: 'processing', willSucceed: bankBehaviourOf(lastFour) === 'pays' };
  }
  const behaviour = behaviourOf(lastFour);
  switch (behaviour) {
    case 'pays':
    case 'pays_and_is_charged_back':
    case 'pays_and_is_inquired_about':
      return { kind: 'paid' };
    case 'declines':
      return isDeclined;
    case 'has_insufficient_funds':
      return hasNoFunds;
    case 'declines_when_charged':
      return purpose === 'save' ? { kind: 'paid' } : isDeclined;
    case 'authenticates_once':
      return hasAuthenticated || isSetUp ? { kind: 'paid' } : { kind: 'action_required' };
    case 'authenticates_always':
      return hasAuthenticated ? { kind: 'paid' } : { kind: 'action_required' };
    case 'authenticates_then_declines':
      if (!hasAuthenticated) return { kind: 'action_required' };
      return purpose === 'save' ? { kind: 'paid' } : hasNoFunds;
    default:
      return behaviour satisfies never;
  }
}
