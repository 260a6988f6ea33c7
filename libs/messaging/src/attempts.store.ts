import type { DataSource, EntityManager } from 'typeorm';

/**
 * Marks of the events that came again once and of which nothing else is recorded: one that kills its process must have left a
 * trace, so it is marked before its effect and outside its transaction. An event that failed, or that comes once more, is
 * recorded as such and counted there (retries.store). The broker's own count does not do: from RabbitMQ 4.3 a nack is not
 * counted, before it every reconnect is.
 */
export class Attempts {
  /** Tries that ended because of our surroundings: taken back as soon as the database can be written again. */
  private readonly owed = new Set<string>();

  constructor(
    private readonly dataSource: DataSource,
    private readonly consumer: string,
  ) {}

  /** Marks events that may have been tried before; returns those that already had a mark. */
  async mark(ids: readonly string[]): Promise<Set<string>> {
    await this.takeBack();
    if (ids.length === 0) return new Set();
    const rows: { event_id: string }[] = await this.dataSource.query(
      `INSERT INTO attempt (consumer, event_id, attempts)
       SELECT $1, id, 1 FROM unnest($2::text[]) AS id ORDER BY id
       ON CONFLICT DO NOTHING
       RETURNING event_id`,
      [this.consumer, ids],
    );
    const unmarked = new Set(rows.map((row) => row.event_id));
    return new Set(ids.filter((id) => !unmarked.has(id)));
  }

  /** The try was not the event's failure. */
  owe(ids: Iterable<string>): void {
    for (const id of ids) this.owed.add(id);
  }

  /** In the transaction that settles the events. */
  async clear(manager: EntityManager, ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    await manager.query('DELETE FROM attempt WHERE consumer = $1 AND event_id = ANY($2)', [this.consumer, ids]);
  }

  /** So that a database restart leaves its events as they were. */
  private async takeBack(): Promise<void> {
    if (this.owed.size === 0) return;
    const ids = [...this.owed];
    await this.clear(this.dataSource.manager, ids);
    for (const id of ids) this.owed.delete(id);
  }
}
