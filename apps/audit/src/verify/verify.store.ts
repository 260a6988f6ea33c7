import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { DerivedColumns, StoredEntry } from '../trail/chain.js';

const pageSize = 1000;

interface Row extends DerivedColumns {
  seq: string;
  recorded_at: string;
  content: Buffer;
  previous_hash: Buffer;
  content_hash: Buffer;
  hash: Buffer;
}

/** Microseconds as text: a Date holds milliseconds only, and the hash covers what PostgreSQL stored. */
const page = `
  SELECT seq, (extract(epoch FROM recorded_at) * 1000000)::bigint AS recorded_at, content, previous_hash, content_hash, hash,
         event_id, type, user_id, customer_id, customer_via, stripe_ids, ip, user_agent, request_id, cause_id,
         occurred_at
  FROM entry WHERE seq > $1 ORDER BY seq LIMIT $2`;

@Injectable()
export class VerifyStore {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * Every entry in order of seq, a page at a time: constant memory, and no snapshot held for the minutes a long walk takes.
   * What is appended meanwhile is walked too.
   */
  async *walk(): AsyncGenerator<StoredEntry> {
    // From before the first possible seq, so that a forged entry 0 is met.
    let after = (-(2n ** 63n)).toString();
    for (;;) {
      const rows: Row[] = await this.dataSource.query(page, [after, pageSize]);
      for (const row of rows) yield toStoredEntry(row);
      const last = rows.at(-1);
      if (last === undefined || rows.length < pageSize) return;
      after = last.seq;
    }
  }
}

function toStoredEntry(row: Row): StoredEntry {
  const { seq, recorded_at, content, previous_hash, content_hash, hash, ...columns } = row;
  return {
    seq: BigInt(seq),
    recordedAt: BigInt(recorded_at),
    previousHash: previous_hash,
    contentHash: content_hash,
    hash,
    content,
    columns,
  };
}
