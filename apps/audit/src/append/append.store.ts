import { hasSqlState, inTransaction, withDatabaseFailureNamed } from '@billhook/database';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';

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
      return await this.appendTogether(contents);
    } catch (error) {
      if (contents.length > 1 && hasSqlState(error, 'query_canceled')) return this.appendEach(contents);
      throw withDatabaseFailureNamed(error);
    }
  }

  private appendTogether(contents: Buffer[]): Promise<Set<string>> {
    return inTransaction(this.dataSource, (manager) => this.appendWithin(manager, contents));
  }

  /** As a part of somebody else's transaction. */
  async appendWithin(manager: EntityManager, contents: Buffer[]): Promise<Set<string>> {
    const rows: { appended_id: string }[] = await manager.query(append, [
      Buffer.concat(contents),
      startsOf(contents),
      contents.map((content) => content.length),
    ]);
    return new Set(rows.map((row) => row.appended_id));
  }

  async has(manager: EntityManager, eventId: string): Promise<boolean> {
    const rows: unknown[] = await manager.query('SELECT FROM entry WHERE event_id = $1', [eventId]);
    return rows.length > 0;
  }

  /**
   * An entry is bounded, so one alone never takes the whole time unless the server is held up. Many together might, and must not
   * be tried together for ever. Should one fail half way, those before it are found in the trail when the batch comes again.
   */
  private async appendEach(contents: Buffer[]): Promise<Set<string>> {
    const appended = new Set<string>();
    for (const content of contents) for (const id of await this.append([content])) appended.add(id);
    return appended;
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
