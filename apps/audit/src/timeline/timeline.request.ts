import { Type } from 'class-transformer';
import { IsInt, IsOptional, Matches, Max, Min } from 'class-validator';
import type { TimelinePosition } from './timeline.store.js';

const limitMessage = { message: 'limit must be a whole number from 1 to 100' };

export class TimelineRequest {
  /** Of the user's entries: a story holds one or more. */
  @Type(() => Number)
  @IsInt(limitMessage)
  @Min(1, limitMessage)
  @Max(100, limitMessage)
  limit = 50;

  @IsOptional()
  @Matches(/^[1-9]\d{0,17}-[1-9]\d{0,17}$/, { message: 'cursor must be the next_cursor of an earlier answer' })
  cursor?: string;
}

export function toPosition({ cursor }: TimelineRequest): TimelinePosition | undefined {
  const [asOf, before] = cursor?.split('-') ?? [];
  return asOf === undefined || before === undefined ? undefined : { asOf, before };
}
