import type { DataSource, EntityManager } from 'typeorm';

/**
 * How often events that came again were tried, as long as nothing else is recorded of them: one that kills its process must
 * have left a trace, so this is counted before the effect and outside its transaction. An event that merely fails is recorded
 * as such and counted there (retries.store). The broker's own count does not do: from RabbitMQ 4.3 a nack is not
 * counted, before it every reconnect is.
 */
export class Attempts {
  /** Tries that ended because of our surroundings: taken back as soon as the database can be written again. */
  private readonly owed = new Set<string>();

  constructor(
    private readonly dataSource: DataSource,
    private readonly consumer: string,
  ) {}

  /** Marks events that may have been tried before; returns those that already had a mark, and how often they were tried. */
  async mark(ids: readonly string[]): Promise<Map<string, number>> {
    await this.takeBack();
    if (ids.length === 0) return new Map();
    // What is inserted here is not seen by the question beside it.
    const rows: { event_id: string; attempts: number }[] = await this.dataSource.query(
      `WITH marked AS (
         INSERT INTO attempt (consumer, event_id, attempts)
         SELECT $1, id, 1 FROM unnest($2::text[]) AS id ORDER BY id
         ON CONFLICT DO NOTHING)
       SELECT event_id, attempts FROM attempt WHERE consumer = $1 AND event_id = ANY($2)`,
      [this.consumer, ids],
    );
    return new Map(rows.map(({ event_id, attempts }) => [event_id, attempts]));
  }

  /** One more try of this event begins: the how manieth. */
  async begin(id: string): Promise<number> {
    const rows: { attempts: number }[] = await this.dataSource.query(
      `INSERT INTO attempt (consumer, event_id, attempts) VALUES ($1, $2, 1)
       ON CONFLICT (consumer, event_id) DO UPDATE SET attempts = attempt.attempts + 1, updated_at = now()
       RETURNING attempts`,
      [this.consumer, id],
    );
    const [row] = rows;
    if (row === undefined) throw new Error('an upsert returned no row');
    return row.attempts;
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

  /** Zero removes the mark as well, so that a database restart leaves its events as they were. */
  private async takeBack(): Promise<void> {
    if (this.owed.size === 0) return;
    const ids = [...this.owed];
    await this.dataSource.transaction(async (manager) => {
      await manager.query('UPDATE attempt SET attempts = attempts - 1 WHERE consumer = $1 AND event_id = ANY($2)', [
        this.consumer,
        ids,
      ]);
      await manager.query('DELETE FROM attempt WHERE consumer = $1 AND event_id = ANY($2) AND attempts <= 0', [
        this.consumer,
        ids,
      ]);
    });
    for (const id of ids) this.owed.delete(id);
  }
}
