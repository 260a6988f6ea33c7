import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Revealed } from '../seal/sealed-entry.js';
import { Sealer } from '../seal/sealer.store.js';
import { readContent } from '../trail/content.js';
import type { Json } from '../trail/storable.js';
import { entriesQuery, entryByIdQuery, newestOfUserQuery, relatedQuery } from './entries-query.js';
import type { Reach, SqlQuery } from './entries-query.js';
import type { EntryFilter } from './entry-filter.js';

/** Times are ISO 8601 UTC; recorded_at in microseconds, since the hash covers them. Hashes are lower-case hex. */
export interface EntryView {
  seq: number;
  id: string;
  type: string;
  user_id: string | null;
  data: Json;
  ip: string | null;
  user_agent: string | null;
  /** What was sealed of it cannot be read any more: its person has been erased, or the key of its month has expired. */
  erased: boolean;
  occurred_at: string | null;
  recorded_at: string;
  hash: string;
}

/** With what it takes to compute the entry's hash again: `content` is the text that `content_hash` covers, as UTF-8. */
export interface EntryDetail extends EntryView {
  previous_hash: string;
  content_hash: string;
  content: string;
}

/** With what it is tied to others by. */
export interface LinkedEntry extends EntryView {
  request_id: string | null;
  cause_id: string | null;
  stripe_ids: string[];
}

/** An entry as it was written: personal fields stay sealed. Hashes are lower-case hex. */
export interface RecordedEntry {
  seq: string;
  recorded_at: string;
  previous_hash: string;
  content_hash: string;
  hash: string;
  /** The text that `content_hash` covers, as UTF-8. */
  content: string;
}

export interface EntryPage {
  data: EntryView[];
  next_cursor: string | null;
}

interface Row {
  seq: string;
  event_id: string;
  type: string;
  user_id: string | null;
  occurred_at: Date | null;
  recorded_at: string;
  content: Buffer;
  previous_hash: Buffer;
  content_hash: Buffer;
  hash: Buffer;
  request_id: string | null;
  cause_id: string | null;
  stripe_ids: string[];
}

@Injectable()
export class EntriesStore {
  constructor(
    private readonly dataSource: DataSource,
    private readonly sealer: Sealer,
  ) {}

  /** The cursor is the seq of the page's last entry: what is appended later comes before the first page, never inside one. */
  async page(filter: EntryFilter, limit: number): Promise<EntryPage> {
    const rows = await this.read(entriesQuery(this.withToken(filter), { limit: limit + 1, order: 'newest' }));
    const shown = rows.slice(0, limit);
    return { data: await this.toViews(shown), next_cursor: rows.length > limit ? (shown.at(-1)?.seq ?? null) : null };
  }

  async find(eventId: string): Promise<EntryDetail | undefined> {
    const row = (await this.read(entryByIdQuery(eventId)))[0];
    if (row === undefined) return undefined;
    const [view] = await this.toViews([row]);
    return view === undefined ? undefined : toDetail(row, view);
  }

  /** Oldest first, from `filter.after` on. */
  async following(filter: EntryFilter, limit: number): Promise<LinkedEntry[]> {
    return this.toLinked(await this.read(entriesQuery(this.withToken(filter), { limit, order: 'oldest' })));
  }

  /** Newest first, those before this seq. */
  async newestOfUser(userId: string, before: string, limit: number): Promise<LinkedEntry[]> {
    return this.toLinked(await this.read(newestOfUserQuery(userId, before, limit)));
  }

  /** Newest first. */
  async related(seqs: readonly number[], reach: Reach): Promise<LinkedEntry[]> {
    return this.toLinked(await this.read(relatedQuery(seqs, reach)));
  }

  /** Oldest first, as they were written. */
  recorded(filter: EntryFilter, limit: number): Promise<RecordedEntry[]> {
    const { text, parameters } = entriesQuery(this.withToken(filter), { limit, order: 'oldest', columns: 'recorded' });
    return this.dataSource.query(text, parameters);
  }

  /** The newest entry's seq; 0 when there is none. */
  async head(): Promise<string> {
    const rows: { seq: string }[] = await this.dataSource.query('SELECT seq FROM entry ORDER BY seq DESC LIMIT 1');
    return rows[0]?.seq ?? '0';
  }

  private async toLinked(rows: Row[]): Promise<LinkedEntry[]> {
    const views = await this.toViews(rows);
    return rows.flatMap((row, index) => {
      const view = views[index];
      if (view === undefined) return [];
      const { request_id, cause_id, stripe_ids } = row;
      return [{ ...view, request_id, cause_id, stripe_ids }];
    });
  }

  /** An entry that cannot be read is shown without its data; that it was changed is for verify to say. */
  private async toViews(rows: Row[]): Promise<EntryView[]> {
    const contents = rows.map((row) => readContent(row.content));
    const revealed = await this.sealer.reveal(contents.filter((content) => content !== undefined));
    const shown = revealed.values();
    return rows.map((row, index) => toView(row, contents[index] === undefined ? unreadable : shown.next().value));
  }

  private withToken(filter: EntryFilter): EntryFilter {
    return filter.ip === undefined ? filter : { ...filter, ipToken: this.sealer.tokenOf(filter.ip) };
  }

  private read(query: SqlQuery): Promise<Row[]> {
    return this.dataSource.query(query.text, query.parameters);
  }
}

const unreadable: Revealed = { ip: null, user_agent: null, data: null, isErased: false };

function toView(row: Row, { ip, user_agent, data, isErased }: Revealed = unreadable): EntryView {
  return {
    seq: Number(row.seq),
    id: row.event_id,
    type: row.type,
    user_id: row.user_id,
    data,
    ip,
    user_agent,
    erased: isErased,
    occurred_at: row.occurred_at?.toISOString() ?? null,
    recorded_at: row.recorded_at,
    hash: row.hash.toString('hex'),
  };
}

function toDetail(row: Row, view: EntryView): EntryDetail {
  return {
    ...view,
    previous_hash: row.previous_hash.toString('hex'),
    content_hash: row.content_hash.toString('hex'),
    content: row.content.toString('utf8'),
  };
}
