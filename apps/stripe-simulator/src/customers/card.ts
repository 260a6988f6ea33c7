import type { DisputeKind } from '../disputes/dispute.js';
import type { CardInput } from './payment-method.js';

/**
 * What a card does; the numbers are Stripe's own test cards, and nothing but these is taken.
 * `authenticates_once` asks for 3-D Secure until it was set up; `authenticates_always` whenever it is charged.
 */
export type CardBehaviour =
  | 'pays'
  | 'pays_and_is_charged_back'
  | 'pays_and_is_inquired_about'
  | 'declines'
  | 'has_insufficient_funds'
  /** It can be saved, and then declines every charge. */
  | 'declines_when_charged'
  | 'authenticates_once'
  | 'authenticates_always'
  | 'authenticates_then_declines';

export const testCards: readonly { number: string; behaviour: CardBehaviour; meaning: string }[] = [
  { number: '4242424242424242', behaviour: 'pays', meaning: 'pays' },
  { number: '4000000000000259', behaviour: 'pays_and_is_charged_back', meaning: 'pays, and is charged back at once' },
  { number: '4000000000001976', behaviour: 'pays_and_is_inquired_about', meaning: 'pays, and its bank inquires' },
  { number: '4000000000000002', behaviour: 'declines', meaning: 'is declined' },
  { number: '4000000000009995', behaviour: 'has_insufficient_funds', meaning: 'has insufficient funds' },
  { number: '4000000000000341', behaviour: 'declines_when_charged', meaning: 'is saved, but declines every charge' },
  { number: '4000002500003155', behaviour: 'authenticates_once', meaning: 'asks for 3-D Secure the first time' },
  { number: '4000002760003184', behaviour: 'authenticates_always', meaning: 'asks for 3-D Secure every time' },
  { number: '4000000000003220', behaviour: 'authenticates_always', meaning: 'asks for 3-D Secure every time' },
  { number: '4000008260003178', behaviour: 'authenticates_then_declines', meaning: 'asks, then has no funds' },
];

/** `4242 4242 4242 4242`, as it stands on the card. */
export const spaced = (number: string) => number.replace(/(\d{4})(?=\d)/g, '$1 ');

const byLastFour = new Map(testCards.map(({ number, behaviour }) => [number.slice(-4), behaviour]));

/** A saved card is known by its last four digits, which all test cards differ in. */
export const behaviourOf = (lastFour: string | null | undefined): CardBehaviour =>
  byLastFour.get(lastFour ?? '') ?? 'declines';

/** What its holder's bank makes of a charge that went through; most make nothing of it. */
export function complaintOf(lastFour: string | null | undefined): DisputeKind | null {
  switch (behaviourOf(lastFour)) {
    case 'pays_and_is_charged_back':
      return 'chargeback';
    case 'pays_and_is_inquired_about':
      return 'inquiry';
    default:
      return null;
  }
}

export interface CardFields {
  card_number?: string;
  exp?: string;
  cvc?: string;
}

type CardResult = { kind: 'card'; card: CardInput } | { kind: 'invalid'; field: keyof CardFields; message: string };

const refused = (field: keyof CardFields, message: string): CardResult => ({ kind: 'invalid', field, message });

/** Reads a card typed into a hosted page at `now` (Unix seconds); what it will do is another question. */
export function readCard(fields: CardFields, now: number): CardResult {
  const number = (fields.card_number ?? '').replace(/[\s-]/g, '');
  if (!testCards.some((card) => card.number === number)) {
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
  return { kind: 'card', card: { number, expMonth, expYear } };
}
