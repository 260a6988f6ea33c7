import { Injectable } from '@nestjs/common';
import { createHash } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import type { Intake } from '../ledger/intake.js';

/** Every event that came in, byte for byte: what a replay or an argument with Stripe needs. */
@Injectable()
export class RawEvents {
  async append(manager: EntityManager, intakes: readonly Intake[]): Promise<void> {
    await manager.query(
      `INSERT INTO raw_event (event_id, type, customer_id, user_id, occurred_at, headers, body, body_sha256)
       SELECT event_id, type, customer_id, user_id, occurred_at, headers::json, body, body_sha256
       FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::text[], $7::bytea[], $8::bytea[])
            AS event (event_id, type, customer_id, user_id, occurred_at, headers, body, body_sha256)`,
      [
        intakes.map(({ id }) => id),
        intakes.map(({ delivery }) => delivery.attributes.type),
        intakes.map(({ customerId }) => customerId),
        intakes.map(({ userId }) => userId),
        intakes.map(({ at }) => at),
        intakes.map(({ delivery }) => JSON.stringify(delivery.attributes)),
        intakes.map(({ delivery }) => delivery.body),
        intakes.map(({ delivery }) => createHash('sha256').update(delivery.body).digest()),
      ],
    );
  }
}
