import { randomInt, randomUUID } from 'node:crypto';

const lettersAndDigits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const capitalsAndDigits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

const randomText = (alphabet: string, length: number) =>
  Array.from({ length }, () => alphabet.charAt(randomInt(alphabet.length))).join('');

/** `newId('sub_')` → `sub_` and 24 letters or digits, as long as Stripe's own. */
export const newId = (prefix: string) => prefix + randomText(lettersAndDigits, 24);

/** Checkout's session ids carry the mode, and are long. */
export const newCheckoutSessionId = () => `cs_test_${randomText(lettersAndDigits, 58)}`;

/** The customer's part of an invoice number such as `9K2XQ7AB-0001`. */
export const newInvoicePrefix = () => randomText(capitalsAndDigits, 8);

export const newIdempotencyKey = () => randomUUID();

/** A Stripe field that holds an id, or the object when it is expanded. Stored objects always hold the id. */
export function idOf(reference: string | { id: string }): string;
export function idOf(reference: string | { id: string } | null | undefined): string | null;
export function idOf(reference: string | { id: string } | null | undefined): string | null {
  if (reference === null || reference === undefined) return null;
  return typeof reference === 'string' ? reference : reference.id;
}
