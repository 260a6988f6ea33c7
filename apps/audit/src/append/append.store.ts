import { inTransaction, withDatabaseFailureNamed } from '@billhook/database';
import { Retryable } from '@billhook/runtime';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';

/** The whole statement took longer than the connection allows. */
const queryCanceled = '57014';

/** As one parameter, cut apart by PostgreSQL: an array of Buffers would be written out in hexadecimal and read again. */
const append = `
  SELECT appended_id FROM append_entries(ARRAY(
    SELECT substring($1::bytea FROM start FOR length)
    FROM unnest($2::integer[], $3::integer[]) WITH ORDINALITY AS part (start, length, position) ORDER BY position))`;

/** The only writer of the trail: the one function that this service's role may execute. */
@Injectable()
export class AppendStore {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * Appends entries (their RFC 8785 bytes) in this order, in one transaction. Returns the event ids that are new; the others
   * have an entry already. Throws Retryable when it could not come to its turn, or to its end, through no fault of the entries.
   */
  async append(contents: Buffer[]): Promise<Set<string>> {
    if (contents.length === 0) return new Set();
    try {
      const rows: { appended_id: string }[] = await inTransaction(this.dataSource, (manager) =>
        manager.query(append, [Buffer.concat(contents), startsOf(contents), contents.map((content) => content.length)]),
      );
      return new Set(rows.map((row) => row.appended_id));
    } catch (error) {
      if (contents.length === 1 && isCanceled(error)) throw new Retryable('database_unavailable', error);
      throw withDatabaseFailureNamed(error);
    }
  }
}

/** As SQL counts: the first byte is number 1. */
function startsOf(contents: readonly Buffer[]): number[] {
  let next = 1;
  return contents.map((content) => {
    const start = next;
    next += content.length;
    return start;
  });
}

/**
 * An entry is bounded, so one alone never takes ten seconds unless the server is held up. Many together might, and must not be
 * tried together for ever: the transport takes a batch that failed one by one, at no cost to its deliveries.
 */
function isCanceled(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === queryCanceled;
}
