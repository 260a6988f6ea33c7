import { Refused, Retryable } from '@billhook/runtime';
import { setTimeout as delay } from 'node:timers/promises';
import type { Adoption } from './adoption.store.js';
import type { CustomerLookup } from './customer-lookup.client.js';
import type { ImportProgress } from './import-progress.store.js';
import { columnsIn, defaultColumns, readRow } from './import-row.js';
import type { RowReading } from './import-row.js';
import { linesOf } from './lines.js';
import { verdictByMapping, verdictByStripe } from './verdict.js';
import type { KnownRow, StripeCustomer } from './verdict.js';

export interface CustomerImportOptions {
  progress: ImportProgress;
  lookup: CustomerLookup;
  /** Null for a dry run, which only says what would happen. */
  adoption: Adoption | null;
  /** Told now and then how many rows this run has settled. */
  onProgress: (settled: number) => void;
  /** The first pause after Stripe did not answer, in milliseconds; it doubles from try to try. Default one second. */
  firstPauseMs?: number;
}

/** Rows that are written together. */
const stagedAtOnce = 1_000;
const pageSize = 100;
/** Questions that are under way at once; how many there are in a second is the budget's to say. */
const lanes = 8;
/** With the pauses doubling from one second, about two minutes. */
const mostTries = 8;

/**
 * Takes a file's rows in, judges each by the file, by the mapping and by Stripe, and links those that nothing stands in the way of.
 * Every step may be broken off at any moment: the next run of the same file goes on from there.
 */
export class CustomerImport {
  private settled = 0;

  constructor(private readonly options: CustomerImportOptions) {}

  /** Rejects when the database or Stripe do not answer, with all progress kept. */
  async run(text: AsyncIterable<string>): Promise<void> {
    await this.takeIn(text);
    await this.options.progress.compareRows();
    await this.settleAll();
  }

  private async takeIn(text: AsyncIterable<string>): Promise<void> {
    const { progress } = this.options;
    let columns = defaultColumns;
    let staged: Exclude<RowReading, { kind: 'nothing' }>[] = [];
    for await (const line of linesOf(text)) {
      const header = line.number === 1 ? columnsIn(line) : null;
      columns = header ?? columns;
      const reading = readRow(line, columns);
      if (header === null && reading.kind !== 'nothing') staged.push(reading);
      if (staged.length < stagedAtOnce) continue;
      await progress.add(staged);
      staged = [];
    }
    await progress.add(staged);
  }

  private async settleAll(): Promise<void> {
    let after = 0;
    for (;;) {
      const page = await this.options.progress.pendingAfter(after, pageSize);
      const last = page.at(-1);
      if (last === undefined) return;
      await this.settlePage(page);
      this.settled += page.length;
      this.options.onProgress(this.settled);
      after = last.line;
    }
  }

  /** A page's rows have nothing to do with each other: those that had were refused before. */
  private async settlePage(page: readonly KnownRow[]): Promise<void> {
    const rows = page.values();
    const failures: unknown[] = [];
    const lane = async (): Promise<void> => {
      for (const row of rows) {
        if (failures.length > 0) return;
        await this.settle(row).catch((error: unknown) => failures.push(error));
      }
    };
    // All of them come to their end, so that nothing is under way any more when the run is given up.
    await Promise.all(Array.from({ length: lanes }, lane));
    if (failures.length > 0) throw failures[0];
  }

  private async settle(row: KnownRow): Promise<void> {
    const { adoption, progress } = this.options;
    const verdict = verdictByMapping(row) ?? verdictByStripe(row, await this.find(row.customerId));
    if (verdict !== null) return progress.settle(row, verdict);
    if (adoption === null) return progress.settle(row, { outcome: 'would_link' });
    await this.patiently(() => adoption.adopt(row));
  }

  private find(customerId: string): Promise<StripeCustomer | null> {
    return this.patiently(() => this.options.lookup.find(customerId));
  }

  /** Stripe away or too busy, the user in the middle of a checkout: later it may work. */
  private async patiently<T>(ask: () => Promise<T>): Promise<T> {
    const { firstPauseMs = 1_000 } = this.options;
    for (let tries = 1; ; tries += 1) {
      try {
        return await ask();
      } catch (error) {
        if (tries === mostTries || !isWorthWaiting(error)) throw error;
      }
      await delay(firstPauseMs * 2 ** (tries - 1) * (0.5 + Math.random() / 2));
    }
  }
}

function isWorthWaiting(error: unknown): boolean {
  return error instanceof Retryable || (error instanceof Refused && error.code === 'busy');
}
