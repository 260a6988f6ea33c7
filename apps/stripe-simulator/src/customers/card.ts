import type { CardInput } from './payment-method.js';

/** The pages' test cards: the first pays, the second is always declined. */
const payingCard = '4242424242424242';
const declinedCard = '4000000000000002';

export interface CardFields {
  card_number?: string;
  exp?: string;
  cvc?: string;
}

type CardResult =
  | { kind: 'charged'; card: CardInput }
  | { kind: 'declined'; message: string }
  | { kind: 'invalid'; field: keyof CardFields; message: string };

const refused = (field: keyof CardFields, message: string): CardResult => ({ kind: 'invalid', field, message });

/** What the card network says to a card typed into a hosted page at `now` (Unix seconds). */
export function chargeCard(fields: CardFields, now: number): CardResult {
  const number = (fields.card_number ?? '').replace(/[\s-]/g, '');
  if (number !== payingCard && number !== declinedCard) {
    return refused(
      'card_number',
      'Your card number is invalid. Test cards: 4242 4242 4242 4242 pays, 4000 0000 0000 0002 is declined.',
    );
  }
  // The separator may be missing, because a phone's numeric keypad has none; a month of one digit needs it.
  const expiry = /^(0[1-9]|1[0-2]|[1-9](?=[\s/]))\s*\/?\s*(?:20)?(\d\d)$/.exec((fields.exp ?? '').trim());
  if (!expiry) return refused('exp', 'Your card’s expiration date is incomplete (MM / YY).');
  const [expMonth, expYear] = [Number(expiry[1]), 2000 + Number(expiry[2])];
  // A card is good until the end of its month.
  if (Date.UTC(expYear, expMonth) / 1000 <= now) return refused('exp', 'Your card’s expiration date is in the past.');
  if (!/^\d{3,4}$/.test((fields.cvc ?? '').trim())) return refused('cvc', 'Your card’s security code is incomplete.');
  if (number === declinedCard) return { kind: 'declined', message: 'Your card was declined.' };
  return { kind: 'charged', card: { number, expMonth, expYear } };
}
