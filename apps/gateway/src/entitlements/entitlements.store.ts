import type { Account } from '@billhook/contracts';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { appliedUntil } from './reading-progress.store.js';

/** What the read model says of any user. */
@Injectable()
export class EntitlementsStore {
  constructor(private readonly dataSource: DataSource) {}

  /** The account, and until when all that was announced is in it, of one moment. */
  async find(userId: string): Promise<{ account: Account | null; asOf: Date }> {
    const rows: { body: Account | null; asOf: Date }[] = await this.dataSource.query(
      `SELECT (SELECT body FROM account WHERE user_id = $1) AS body, ${appliedUntil} AS "asOf"`,
      [userId],
    );
    const { body = null, asOf = new Date(0) } = rows[0] ?? {};
    return { account: body, asOf };
  }
}
