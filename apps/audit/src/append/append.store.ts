import { hasSqlState, inTransaction, withDatabaseFailureNamed } from '@billhook/database';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { Erasure } from '../erasure/erasure.js';
import { Erasures } from '../erasure/erasures.store.js';
import type { SealedEntry } from '../seal/sealed-entry.js';

/** As one parameter, cut apart by PostgreSQL: an array of Buffers would be written out in hexadecimal and read again. */
const append = `
  SELECT appended_id FROM append_entries(ARRAY(
    SELECT substring($1::bytea FROM start FOR length)
    FROM unnest($2::integer[], $3::integer[]) WITH ORDINALITY AS part (start, length, position) ORDER BY position),
    ARRAY(SELECT decode(token, 'hex') FROM unnest($4::text[]) WITH ORDINALITY AS t (token, position) ORDER BY position),
    $5::uuid[])`;

/** The only writer of the trail: the one function that this service's role may execute. */
@Injectable()
export class AppendStore {
  private readonly erasures = new Erasures();

  constructor(private readonly dataSource: DataSource) {}

  /**
   * Appends entries in this order, in one transaction, and carries out the erasures that new ones among them ask for. Returns the
   * event ids that are new; the others have an entry already. Throws Retryable when it could not come to its turn, or to its end,
   * through no fault of the entries.
   */
  async append(entries: readonly SealedEntry[], erasures: readonly Erasure[] = []): Promise<Set<string>> {
    if (entries.length === 0) return new Set();
    try {
      return await this.appendTogether(entries, erasures);
    } catch (error) {
      if (entries.length > 1 && hasSqlState(error, 'query_canceled')) return this.appendEach(entries, erasures);
      throw withDatabaseFailureNamed(error);
    }
  }

  /** One statement is a transaction by itself, at half the round trips. */
  private appendTogether(entries: readonly SealedEntry[], erasures: readonly Erasure[]): Promise<Set<string>> {
    if (erasures.length === 0) return this.appendWithin(this.dataSource.manager, entries, erasures);
    return inTransaction(this.dataSource, (manager) => this.appendWithin(manager, entries, erasures));
  }

  /** As a part of somebody else's transaction. */
  async appendWithin(
    manager: EntityManager,
    entries: readonly SealedEntry[],
    erasures: readonly Erasure[],
  ): Promise<Set<string>> {
    const contents = entries.map(({ content }) => content);
    if (erasures.length > 0) await this.erasures.waitForParking(manager);
    const rows: { appended_id: string }[] = await manager.query(append, [
      Buffer.concat(contents),
      startsOf(contents),
      contents.map((content) => content.length),
      entries.map(({ index }) => index?.token.toString('hex') ?? null),
      entries.map(({ index }) => index?.keyId ?? null),
    ]);
    const fresh = new Set(rows.map((row) => row.appended_id));
    // An erasure that has an entry already was carried out with it.
    for (const erasure of erasures.filter(({ eventId }) => fresh.has(eventId))) {
      await this.erasures.carryOut(manager, erasure, new Date());
    }
    return fresh;
  }

  async has(manager: EntityManager, eventId: string): Promise<boolean> {
    const rows: unknown[] = await manager.query('SELECT FROM entry_id WHERE event_id = $1', [eventId]);
    return rows.length > 0;
  }

  /**
   * An entry is bounded, so one alone never takes the whole time unless the server is held up. Many together might, and must not
   * be tried together for ever. Should one fail half way, those before it are found in the trail when the batch comes again.
   */
  private async appendEach(entries: readonly SealedEntry[], erasures: readonly Erasure[]): Promise<Set<string>> {
    const appended = new Set<string>();
    for (const entry of entries) for (const id of await this.append([entry], erasures)) appended.add(id);
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
