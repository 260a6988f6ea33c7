import { Type } from 'class-transformer';
import { IsBoolean, IsIn, IsInt, IsOptional, Matches, Max, Min } from 'class-validator';
import { runKinds } from './run.js';
import type { RunKind } from './run.js';

export class ReconcileRequest {
  @IsBoolean({ message: 'dry_run must be true or false' })
  dry_run: boolean;

  @IsIn(runKinds, { message: `kind must be one of ${runKinds.join(', ')}` })
  kind: RunKind = 'reconcile';

  /** Why: it stays with the run. */
  @IsOptional()
  @Matches(/^(?=.*\S)[^\p{Cc}]{1,500}$/u, { message: 'note must be one line of at most 500 characters that says why' })
  note?: string;
}

export class DriftRequest {
  @Type(() => Number)
  @IsInt({ message: 'limit must be a whole number' })
  @Min(1, { message: 'limit must be at least 1' })
  @Max(500, { message: 'limit must be at most 500' })
  limit = 100;

  /** `next_cursor` of the page before. */
  @IsOptional()
  @Matches(/^[\x21-\x7e]{1,255}$/, { message: 'cursor must be the next_cursor of the page before' })
  cursor?: string;
}
