import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';

/** A statement of well under a second; a backlog is worked off by many of them. */
const most = 2_000;

@Injectable()
export class WordIndex {
  constructor(private readonly dataSource: DataSource) {}

  /** Indexes the words of some entries; whether there are more, and nobody else is at it. */
  async indexSome(): Promise<boolean> {
    const rows: { indexed: string }[] = await this.dataSource.query('SELECT index_words($1) AS indexed', [most]);
    return Number(rows[0]?.indexed ?? 0) === most;
  }
}
