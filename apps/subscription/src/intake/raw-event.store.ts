import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Intake } from '../ledger/intake.js';

/**
 * Bodies come as one parameter and are cut apart by PostgreSQL, which also hashes them: a Buffer alone travels as it is, while
 * an array of them is written out in hexadecimal, escaped and read again (four times the time for a batch of Stripe's events).
 */
const append = `
  INSERT INTO raw_event (event_id, type, customer_id, user_id, occurred_at, headers, body, body_sha256)
  SELECT event_id, type, customer_id, user_id, occurred_at, headers::json, exact.body, sha256(exact.body)
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::text[], $7::integer[], $8::integer[])
       AS event (event_id, type, customer_id, user_id, occurred_at, headers, start, length)
  CROSS JOIN LATERAL (SELECT substring($9::bytea FROM start FOR length) OFFSET 0) AS exact (body)`;

export type RawEvent = Pick<Intake, 'id' | 'delivery' | 'customerId' | 'userId' | 'at'>;

/** Every event that came in, byte for byte: what a replay or an argument with Stripe needs. */
@Injectable()
export class RawEvents {
  async append(manager: EntityManager, intakes: readonly RawEvent[]): Promise<void> {
    const bodies = intakes.map(({ delivery }) => delivery.body);
    await manager.query(append, [
      intakes.map(({ id }) => id),
      intakes.map(({ delivery }) => delivery.attributes.type),
      intakes.map(({ customerId }) => customerId),
      intakes.map(({ userId }) => userId),
      intakes.map(({ at }) => at.toISOString()),
      intakes.map(({ delivery }) => JSON.stringify(delivery.attributes)),
      startsOf(bodies),
      bodies.map((body) => body.length),
      Buffer.concat(bodies),
    ]);
  }
}

/** As SQL counts: the first byte is number 1. */
function startsOf(bodies: readonly Buffer[]): number[] {
  let next = 1;
  return bodies.map((body) => {
    const start = next;
    next += body.length;
    return start;
  });
}
