import type { MaintenanceTask } from '@billhook/database';
import { forgetSent, forgetSettled, forgetUndecodable, MaintainConfig } from '@billhook/messaging';
import { Type } from 'class-transformer';
import { IsInt, Min } from 'class-validator';
import { consumerName } from './append/consumer-name.js';
import { expireMonthKeys, forgetOldMonths } from './retention/old-months.store.js';
import { makeMonthsAhead } from './retention/partitions.store.js';

/** What the maintenance of this schema reads. */
export class AuditMaintainConfig extends MaintainConfig {
  /** How long an entry is kept at least; its month goes as a whole. Not less than a year and a month, as long as events are known again. */
  @Type(() => Number)
  @IsInt()
  @Min(400)
  AUDIT_RETENTION_DAYS = 400;
}

export function maintenanceTasks(config: AuditMaintainConfig, now: Date): MaintenanceTask[] {
  return [
    makeMonthsAhead(now),
    forgetOldMonths(now, config.AUDIT_RETENTION_DAYS),
    expireMonthKeys(now, config.AUDIT_RETENTION_DAYS),
    forgetSent(config.OUTBOX_RETENTION_DAYS),
    forgetSettled(consumerName, config.INBOX_RETENTION_DAYS),
    forgetUndecodable(consumerName),
  ];
}
