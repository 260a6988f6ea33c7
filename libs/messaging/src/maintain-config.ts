import { MigrateConfig } from '@billhook/database';
import { Type } from 'class-transformer';
import { IsInt, Min } from 'class-validator';

/** What the maintenance of a schema with an inbox and an outbox reads. */
export class MaintainConfig extends MigrateConfig {
  /** An event that comes again after this has its effect again. */
  @Type(() => Number)
  @IsInt()
  @Min(400)
  INBOX_RETENTION_DAYS = 400;

  /** How long a sent event can still be looked at where it came from. */
  @Type(() => Number)
  @IsInt()
  @Min(1)
  OUTBOX_RETENTION_DAYS = 7;
}
