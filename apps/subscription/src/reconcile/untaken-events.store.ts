import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { consumerName } from '../intake/consumer-name.js';

/** Which events this service's inbox knows nothing of. One that is parked or tried again has been taken. */
@Injectable()
export class UntakenEvents {
  constructor(private readonly dataSource: DataSource) {}

  /** In the order given. */
  async among<T extends { id: string }>(events: readonly T[]): Promise<T[]> {
    if (events.length === 0) return [];
    const rows: { event_id: string }[] = await this.dataSource.query(
      'SELECT event_id FROM inbox WHERE consumer = $1 AND event_id = ANY($2)',
      [consumerName, events.map(({ id }) => id)],
    );
    const known = new Set(rows.map((row) => row.event_id));
    return events.filter(({ id }) => !known.has(id));
  }
}
