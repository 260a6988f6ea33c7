import { linksOf } from '@billhook/billing';
import type { StripeObject } from '@billhook/billing';

/** An object as the ledger holds it. */
export interface KeptObject {
  object: StripeObject;
  /** The state of it that was announced last; null when none was. */
  told: string | null;
}

/** As JSON holds it: times are ISO 8601 UTC. */
type Stored<T> = T extends Date
  ? string
  : T extends readonly (infer Element)[]
    ? Stored<Element>[]
    : T extends object
      ? { [Name in keyof T]: Stored<T[Name]> }
      : T;

/** A row of `stripe_object` as it is read. */
export type StoredObject = Stored<StripeObject> & { told: string | null };

/** Written by this service alone, so it is what it was when it was written. */
export function fromStored({ told, ...stored }: StoredObject): KeptObject {
  return { object: toObject(stored), told };
}

function toObject(stored: Stored<StripeObject>): StripeObject {
  switch (stored.kind) {
    case 'invoice': {
      const { row } = stored;
      const covers = row.covers === null ? null : { start: new Date(row.covers.start), end: new Date(row.covers.end) };
      const paidAt = row.paidAt === null ? null : new Date(row.paidAt);
      return { ...stored, row: { ...row, covers, paidAt, at: new Date(row.at) } };
    }
    case 'schedule': {
      const { row } = stored;
      const nextPhases = row.nextPhases.map((phase) => ({ ...phase, startsAt: new Date(phase.startsAt) }));
      return { ...stored, row: { ...row, nextPhases, at: new Date(row.at) } };
    }
    case 'invoice_payment':
      return { ...stored, row: { ...stored.row, at: new Date(stored.row.at) } };
    case 'charge':
      return { ...stored, row: { ...stored.row, at: new Date(stored.row.at) } };
    case 'refund':
      return { ...stored, row: { ...stored.row, at: new Date(stored.row.at) } };
    case 'dispute':
      return { ...stored, row: { ...stored.row, at: new Date(stored.row.at) } };
    case 'deleted_customer':
      return { ...stored, row: { ...stored.row, at: new Date(stored.row.at) } };
    default:
      return stored satisfies never;
  }
}

/** What is written, before JSON turns its times into text. */
export function toColumns({ object, told }: KeptObject) {
  const { kind, id, customerId, row } = object;
  return { kind, id, customer_id: customerId, links: linksOf(object), told, body: row };
}
