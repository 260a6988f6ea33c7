import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';

export interface Days {
  /** Inclusive; the beginning of a day, UTC. */
  from: Date;
  /** Exclusive. */
  to: Date;
}

export interface FunnelCounts {
  /** Checkouts that began on this day. All that follows is what became of these, up to now. */
  started: number;
  /** Of them, paid or begun on trial. */
  completed: number;
  /** Of those, not ended 30 days after they were completed. */
  active_after_30_days: number;
  /** Of those, not ended either, but completed less than 30 days ago. */
  not_30_days_yet: number;
  /** Of those, ended by now, whenever. */
  canceled: number;
}

export interface FunnelRow extends FunnelCounts {
  /** UTC, by when the checkout began. */
  day: string;
  tier: number | null;
  billing_cycle: string | null;
}

const counts = `
  SELECT to_char(c.started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day, c.tier::int AS tier, c.billing_cycle,
    count(*)::int AS started,
    count(c.completed_at)::int AS completed,
    count(*) FILTER (WHERE c.completed_at + interval '30 days' <= $3
      AND (e.ended_at IS NULL OR e.ended_at >= c.completed_at + interval '30 days'))::int AS active_after_30_days,
    count(*) FILTER (WHERE c.completed_at + interval '30 days' > $3 AND e.ended_at IS NULL)::int AS not_30_days_yet,
    count(*) FILTER (WHERE c.completed_at IS NOT NULL AND e.ended_at IS NOT NULL)::int AS canceled
  FROM funnel_checkout c LEFT JOIN funnel_end e ON e.subscription_id = c.subscription_id
  WHERE c.started_at >= $1 AND c.started_at < $2
  GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`;

/** Entries that one statement looks through. */
const most = 20_000;

@Injectable()
export class FunnelStore {
  constructor(private readonly dataSource: DataSource) {}

  /** Rows of days on which nothing began are left out. */
  count({ from, to }: Days, now: Date): Promise<FunnelRow[]> {
    return this.dataSource.query(counts, [from, to, now]);
  }

  /** Takes some of what the trail has told since; whether there is more, and nobody else is at it. */
  async rollUp(): Promise<boolean> {
    const rows: { more: boolean }[] = await this.dataSource.query('SELECT roll_up_funnel($1) AS more', [most]);
    return rows[0]?.more === true;
  }
}
