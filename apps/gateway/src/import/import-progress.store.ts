import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { ImportRow, RowReading } from './import-row.js';
import type { KnownRow, RefusalReason, Verdict } from './verdict.js';

/** How many rows stand where, when a run has ended. */
export interface Tally {
  linked: number;
  already_linked: number;
  would_link: number;
  repeated: number;
  refused: Record<string, number>;
  pending: number;
}

export interface RefusedRow {
  line: number;
  userId: string | null;
  customerId: string | null;
  reason: RefusalReason;
  detail: string;
}

/** As a statement answers it: PostgreSQL's bigint comes as text. */
type AsRead<T extends { line: number }> = Omit<T, 'line'> & { line: string };

/** Rows that one statement judges: a fraction of a second, far below what a statement may take, also of long ids on a busy disk. */
const windowSize = 500;

/**
 * How far an import has come, by the content of its file: whoever runs the same file again goes on where the last run was broken
 * off. It is forgotten with the end of the import; what remains is the mapping itself.
 */
export class ImportProgress {
  constructor(
    private readonly dataSource: DataSource,
    /** Of the file's content, and of whether it is a dry run. */
    private readonly importId: string,
  ) {}

  /** Lines that are there already stay as they are. */
  async add(readings: readonly Exclude<RowReading, { kind: 'nothing' }>[]): Promise<void> {
    if (readings.length === 0) return;
    const rows = readings.map((reading) =>
      reading.kind === 'row'
        ? { ...reading.row, detail: null }
        : { ...unreadable, line: reading.line, detail: reading.reason },
    );
    await this.dataSource.query(
      `INSERT INTO customer_import (import_id, line, user_id, customer_id, outcome, reason, detail)
       SELECT $1, line, user_id, customer_id, CASE WHEN detail IS NOT NULL THEN 'refused' END,
              CASE WHEN detail IS NOT NULL THEN 'unreadable' END, detail
       FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[]) AS given (line, user_id, customer_id, detail)
       ON CONFLICT DO NOTHING`,
      [
        this.importId,
        rows.map(({ line }) => line),
        rows.map(({ userId }) => userId),
        rows.map(({ customerId }) => customerId),
        rows.map(({ detail }) => detail),
      ],
    );
  }

  /** Judges the rows by each other: of two that contradict each other, nobody here knows which is right. */
  async compareRows(): Promise<void> {
    const last = await this.lastLine();
    for (let from = 0; from < last; from += windowSize) {
      const found: { line: string; finding: Finding }[] = await this.dataSource.query(findContradictions, [
        this.importId,
        from,
        from + windowSize,
      ]);
      await this.settleFindings(found);
    }
  }

  /** The next rows that nothing has been decided about, in their order, with what the mapping says of them. */
  async pendingAfter(line: number, limit: number): Promise<KnownRow[]> {
    const rows: AsRead<KnownRow>[] = await this.dataSource.query(
      `SELECT line, row.user_id AS "userId", row.customer_id AS "customerId",
              of_user.customer_id AS "linkedCustomerId", of_customer.user_id AS "linkedUserId"
       FROM customer_import AS row
       LEFT JOIN customer AS of_user ON of_user.user_id = row.user_id
       LEFT JOIN customer AS of_customer ON of_customer.customer_id = row.customer_id
       WHERE import_id = $1 AND outcome IS NULL AND line > $2 ORDER BY line LIMIT $3`,
      [this.importId, line, limit],
    );
    return rows.map((row) => ({ ...row, line: Number(row.line) }));
  }

  /** In the transaction of the effect, where there is one. */
  async settle({ line }: ImportRow, verdict: Verdict, manager: EntityManager = this.dataSource.manager): Promise<void> {
    const { outcome, reason, detail } = { reason: null, detail: null, ...verdict };
    await manager.query(
      'UPDATE customer_import SET outcome = $3, reason = $4, detail = $5 WHERE import_id = $1 AND line = $2',
      [this.importId, line, outcome, reason, detail],
    );
  }

  async tally(): Promise<Tally> {
    const rows: { outcome: string | null; reason: string | null; count: string }[] = await this.dataSource.query(
      'SELECT outcome, reason, count(*) AS count FROM customer_import WHERE import_id = $1 GROUP BY outcome, reason',
      [this.importId],
    );
    const count = (outcome: string | null) =>
      rows.filter((row) => row.outcome === outcome).reduce((sum, row) => sum + Number(row.count), 0);
    return {
      linked: count('linked'),
      already_linked: count('already_linked'),
      would_link: count('would_link'),
      repeated: count('repeated'),
      refused: Object.fromEntries(
        rows.flatMap(({ reason, count: rowsOf }) => (reason === null ? [] : [[reason, Number(rowsOf)]])),
      ),
      pending: count(null),
    };
  }

  /** The refused rows in the order of the file, a page at a time. */
  async *refused(): AsyncGenerator<RefusedRow[]> {
    for (let after = 0; ;) {
      const rows: AsRead<RefusedRow>[] = await this.dataSource.query(
        `SELECT line, user_id AS "userId", customer_id AS "customerId", reason, detail FROM customer_import
         WHERE import_id = $1 AND outcome = 'refused' AND line > $2 ORDER BY line LIMIT ${windowSize}`,
        [this.importId, after],
      );
      if (rows.length === 0) return;
      yield rows.map((row) => ({ ...row, line: Number(row.line) }));
      after = Number(rows.at(-1)?.line);
    }
  }

  async forget(): Promise<void> {
    const last = await this.lastLine();
    for (let from = 0; from < last; from += windowSize) {
      await this.dataSource.query('DELETE FROM customer_import WHERE import_id = $1 AND line > $2 AND line <= $3', [
        this.importId,
        from,
        from + windowSize,
      ]);
    }
  }

  private async settleFindings(found: readonly { line: string; finding: Finding }[]): Promise<void> {
    if (found.length === 0) return;
    await this.dataSource.query(
      `UPDATE customer_import AS row
       SET outcome = CASE finding WHEN 'repeated' THEN 'repeated' ELSE 'refused' END,
           reason = nullif(finding, 'repeated'), detail = given.detail
       FROM unnest($2::bigint[], $3::text[], $4::text[]) AS given (line, finding, detail)
       WHERE row.import_id = $1 AND row.line = given.line`,
      [
        this.importId,
        found.map(({ line }) => line),
        found.map(({ finding }) => finding),
        found.map(({ finding }) => findings[finding]),
      ],
    );
  }

  private async lastLine(): Promise<number> {
    const rows: { last: string | null }[] = await this.dataSource.query(
      'SELECT max(line) AS last FROM customer_import WHERE import_id = $1',
      [this.importId],
    );
    return Number(rows[0]?.last ?? 0);
  }
}

const unreadable = { userId: null, customerId: null };

/** What one row says of another; the words are for the list of refused rows. */
const findings = {
  repeated: null,
  user_twice_in_file: 'another line gives the user another customer',
  customer_twice_in_file: 'another line gives the customer to another user',
};
type Finding = keyof typeof findings;

/**
 * Each row asks the indexes by itself. As a join PostgreSQL would read the whole import once for each window of it, however few
 * rows there are to compare; inside CASE there is nothing it could join.
 */
const findContradictions = `
  SELECT line, finding FROM (
    SELECT line, CASE
      WHEN EXISTS (SELECT FROM customer_import AS other WHERE other.import_id = row.import_id
        AND other.user_id = row.user_id AND other.customer_id = row.customer_id AND other.line < row.line)
        THEN 'repeated'
      WHEN EXISTS (SELECT FROM customer_import AS other WHERE other.import_id = row.import_id
        AND other.user_id = row.user_id AND other.customer_id <> row.customer_id)
        THEN 'user_twice_in_file'
      WHEN EXISTS (SELECT FROM customer_import AS other WHERE other.import_id = row.import_id
        AND other.customer_id = row.customer_id AND other.user_id <> row.user_id)
        THEN 'customer_twice_in_file' END AS finding
    FROM customer_import AS row WHERE import_id = $1 AND line > $2 AND line <= $3 AND outcome IS NULL) AS compared
  WHERE finding IS NOT NULL`;
