import { inTransaction } from '@billhook/database';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';

/** The only writer of the trail: the one function that this service's role may execute. */
@Injectable()
export class AppendStore {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * Appends entries (their RFC 8785 bytes) in this order, in one transaction. Returns the event ids that are new; the others
   * have an entry already.
   */
  async append(contents: Buffer[]): Promise<Set<string>> {
    if (contents.length === 0) return new Set();
    const rows: { appended_id: string }[] = await inTransaction(this.dataSource, (manager) =>
      manager.query('SELECT appended_id FROM append_entries($1::bytea[])', [contents]),
    );
    return new Set(rows.map((row) => row.appended_id));
  }
}
