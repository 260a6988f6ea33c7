import type { MaintenanceTask } from '@billhook/database';
import { forgetSent, forgetSettled, forgetUndecodable, MaintainConfig } from '@billhook/messaging';
import { Type } from 'class-transformer';
import { IsInt, Min } from 'class-validator';
import { consumerName } from './intake/consumer-name.js';
import { dropOldPartitions, emptyDefaultPartition, makePartitionsAhead } from './intake/raw-event-retention.store.js';
import { forgetRuns } from './reconcile/run-retention.store.js';

/** What the maintenance of this schema reads. */
export class SubscriptionMaintainConfig extends MaintainConfig {
  /** Longer than Stripe itself lists events (30 days), so that an argument about last year's bill can be settled. */
  @Type(() => Number)
  @IsInt()
  @Min(31)
  RAW_EVENT_RETENTION_DAYS = 400;
}

/** Rows leave the default partition before the months to come are made, which PostgreSQL refuses while it holds rows of them. */
export function maintenanceTasks(config: SubscriptionMaintainConfig, now: Date): MaintenanceTask[] {
  return [
    emptyDefaultPartition,
    makePartitionsAhead(now),
    dropOldPartitions(now, config.RAW_EVENT_RETENTION_DAYS),
    forgetSent(config.OUTBOX_RETENTION_DAYS),
    forgetSettled(consumerName, config.INBOX_RETENTION_DAYS),
    forgetRuns,
    forgetUndecodable(consumerName),
  ];
}
