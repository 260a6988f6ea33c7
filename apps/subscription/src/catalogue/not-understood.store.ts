import { planForPrice, whyNotUnderstood } from '@billhook/billing';
import type { NotUnderstood, PlanCatalogue } from '@billhook/billing';
import type { Tier } from '@billhook/contracts';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { chunkSize, walk } from './chunks.js';
import type { Chunk } from './chunks.js';

/** Living subscriptions that are alike in what is not understood about them. */
export interface NotUnderstoodGroup {
  code: NotUnderstood;
  status: string;
  priceId: string | null;
  count: number;
}

interface Alike {
  status: string;
  priceId: string | null;
  tier: Tier | null;
  count: number;
}

const groupChunk = `
  WITH chunk AS (
    SELECT subscription_id, status, price_id, tier FROM subscription
    WHERE subscription_id > $1 ORDER BY subscription_id LIMIT ${chunkSize}),
  alike AS (
    SELECT status, price_id AS "priceId", tier, count(*)::int AS count FROM chunk
    WHERE status NOT IN ('canceled', 'incomplete_expired') GROUP BY status, price_id, tier)
  SELECT (SELECT max(subscription_id) FROM chunk) AS last, coalesce(json_agg(alike), '[]') AS found FROM alike`;

/** Subscriptions in a status, or on a price, that nobody here knows: each keeps what it had until somebody has looked. */
@Injectable()
export class NotUnderstoodSubscriptions {
  constructor(private readonly dataSource: DataSource) {}

  /** By price for an unknown price, by status for an unknown status. One that is being asked about is not among them. */
  async find(catalogue: PlanCatalogue): Promise<NotUnderstoodGroup[]> {
    const groups = new Map<string, NotUnderstoodGroup>();
    await walk(
      (after) => this.chunk(after),
      (found) => {
        for (const row of found) addTo(groups, row, catalogue);
        return Promise.resolve();
      },
    );
    return [...groups.values()];
  }

  private async chunk(after: string): Promise<Chunk<Alike>> {
    const chunks: Chunk<Alike>[] = await this.dataSource.query(groupChunk, [after]);
    return chunks[0] ?? { last: null, found: [] };
  }
}

function addTo(groups: Map<string, NotUnderstoodGroup>, row: Alike, catalogue: PlanCatalogue): void {
  const code = whyNotUnderstood({ status: row.status, tier: row.tier ?? knownBy(catalogue, row.priceId) });
  if (code === null) return;
  const { status, priceId } = row;
  const key = code === 'price_unknown' ? `price ${priceId}` : `status ${status}`;
  const count = (groups.get(key)?.count ?? 0) + row.count;
  groups.set(key, { code, status, priceId, count });
}

/** What the catalogue has learned since the row was written: then Stripe is being asked about it already. */
function knownBy(catalogue: PlanCatalogue, priceId: string | null): Tier | null {
  const plan = priceId === null ? null : planForPrice(catalogue, priceId);
  return plan?.kind === 'known' ? plan.tier : null;
}
