import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { customerIn } from '../erasure/needles.js';
import type { Intake } from '../ledger/intake.js';

/**
 * Of a user who is erased only the fingerprint is kept, and what else such an event may leave is looked for once more.
 *
 * Bodies come as one parameter and are cut apart by PostgreSQL, which also hashes them: a Buffer alone travels as it is, while
 * an array of them is written out in hexadecimal, escaped and read again (four times the time for a batch of Stripe's events).
 */
const append = `
  WITH kept AS (
    INSERT INTO raw_event (event_id, type, customer_id, user_id, occurred_at, headers, body, body_sha256)
    SELECT event_id, type, customer_id, user_id, occurred_at, CASE WHEN is_erased THEN NULL ELSE headers::json END,
           CASE WHEN is_erased THEN NULL ELSE exact.body END, sha256(exact.body)
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::text[], $7::integer[], $8::integer[],
                $10::text[])
         AS event (event_id, type, customer_id, user_id, occurred_at, headers, start, length, named)
    CROSS JOIN LATERAL (SELECT substring($9::bytea FROM start FOR length) OFFSET 0) AS exact (body)
    CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM erasure WHERE erasure.user_id = event.user_id)
      OR EXISTS (SELECT FROM customer JOIN erasure USING (user_id) WHERE customer.customer_id = event.named)) AS owner (is_erased)
    RETURNING user_id, customer_id, body IS NULL AS is_redacted)
  UPDATE erasure SET late_events = late_events + 1, due_at = least(due_at, now() + interval '5 seconds')
  FROM kept LEFT JOIN customer USING (customer_id)
  WHERE kept.is_redacted AND erasure.user_id IN (kept.user_id, customer.user_id)`;

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
      intakes.map(
        ({ customerId, userId, delivery }) => customerId ?? (userId === null ? customerIn(delivery.body) : null),
      ),
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
