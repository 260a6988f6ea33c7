/** Stripe's test accounts for bank debits (Stripe docs: ACH Direct Debit, Test your integration). */
export const testBankAccounts = [
  { number: '000123456789', behaviour: 'pays', meaning: 'is paid' },
  { number: '000222222227', behaviour: 'has_insufficient_funds', meaning: 'fails for want of funds' },
] as const;
type BankBehaviour = (typeof testBankAccounts)[number]['behaviour'];

/** How long a bank debit takes by the account's clock: Stripe says up to four business days. */
export const debitSeconds = 4 * 24 * 3600;

const knownAs = new Map<string, BankBehaviour>(
  testBankAccounts.map(({ number, behaviour }) => [number.slice(-4), behaviour]),
);

export const bankBehaviourOf = (lastFour: string | null | undefined): BankBehaviour =>
  knownAs.get(lastFour ?? '') ?? 'has_insufficient_funds';

type BankResult =
  { kind: 'bank_account'; number: string } | { kind: 'invalid'; field: 'bank_account'; message: string };

/** Reads an account number typed into Checkout. */
export function readBankAccount(typed: string): BankResult {
  const number = typed.replace(/[\s-]/g, '');
  if (testBankAccounts.some((account) => account.number === number)) return { kind: 'bank_account', number };
  const message = 'Your account number is invalid. Test accounts: 000123456789 is paid, 000222222227 is not.';
  return { kind: 'invalid', field: 'bank_account', message };
}
