import { Injectable } from '@nestjs/common';
import { EntriesStore } from '../query/entries.store.js';
import type { LinkedEntry, RecordedEntry } from '../query/entries.store.js';
import type { EntryFilter } from '../query/entry-filter.js';
import { begun } from './begun.js';
import { csvEnd, csvEntry, csvHead, ndjsonEnd, ndjsonLine } from './export-lines.js';
import type { ExportEnd } from './export-lines.js';

export interface ExportOrder {
  format: 'csv' | 'ndjson';
  filter: EntryFilter;
  /** The most entries. */
  limit: number;
}

/**
 * Few enough for little memory, many enough that planning a page, over the indexes of every month, costs little beside its entries. As
 * they were written they take no more than their text, but to be read they are taken apart.
 */
const pageSizes = { csv: 1_000, ndjson: 2_000 };

/** How entries are read and written in a form. */
interface Form<T extends { seq: string | number }> {
  pageSize: number;
  read: (filter: EntryFilter, limit: number) => Promise<T[]>;
  line: (entry: T) => string;
  end: (end: ExportEnd) => string;
}

@Injectable()
export class ExportStore {
  constructor(private readonly entries: EntriesStore) {}

  /**
   * The export in pieces of text, oldest entry first: of the entries that are there when it begins. Holds two pages at most, whoever
   * reads them however slowly, and no snapshot. It ends with a line that says whether all of it is there: without that line it was
   * cut off.
   */
  async *pieces({ format, filter, limit }: ExportOrder): AsyncGenerator<string> {
    const before = (BigInt(await this.entries.head()) + 1n).toString();
    const bounded = { ...filter, before };
    if (format === 'csv') {
      yield csvHead;
      const read: Form<LinkedEntry>['read'] = (of, size) => this.entries.following(of, size);
      yield* written({ pageSize: pageSizes.csv, read, line: csvEntry, end: csvEnd }, bounded, limit);
    } else {
      const read: Form<RecordedEntry>['read'] = (of, size) => this.entries.recorded(of, size);
      yield* written({ pageSize: pageSizes.ndjson, read, line: ndjsonLine, end: ndjsonEnd }, bounded, limit);
    }
  }
}

async function* written<T extends { seq: string | number }>(
  form: Form<T>,
  filter: EntryFilter,
  limit: number,
): AsyncGenerator<string> {
  const sizeAfter = (written: number): number => Math.min(form.pageSize, limit - written);
  let entries = 0;
  let lastSeq = filter.after ?? '0';
  // One more than is written: whether something is left.
  let coming = begun(form.read(filter, sizeAfter(0) + 1));
  let isMore: boolean;
  for (;;) {
    const page = await coming;
    const size = sizeAfter(entries);
    const [last, beyond] = page.slice(size - 1);
    // The next page begins behind this number, and would leave out a second entry of it, which is what a reader has to see.
    const isTwin = beyond !== undefined && beyond.seq === last?.seq;
    const shown = isTwin ? page : page.slice(0, size);
    isMore = isTwin || page.length > size;
    entries += shown.length;
    lastSeq = String(shown.at(-1)?.seq ?? lastSeq);
    const isOver = !isMore || entries >= limit;
    // The next one is read while this one is written.
    if (!isOver) coming = begun(form.read({ ...filter, after: lastSeq }, sizeAfter(entries) + 1));
    yield shown.map(form.line).join('');
    if (isOver) break;
  }
  yield form.end({ isComplete: !isMore, entries, lastSeq });
}
