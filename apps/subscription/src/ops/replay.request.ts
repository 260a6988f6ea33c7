import type { InboxFilter, InboxStatus } from '@billhook/messaging';
import { Refused } from '@billhook/runtime';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsInt,
  IsObject,
  IsOptional,
  Matches,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import { Cursor, EventType, Instant, Reason, Status } from './events.request.js';

/** More than this in one request would outlast the patience of whoever asks. */
export const mostReplayed = 1_000;
const usualLimit = 100;
const limitMessage = { message: `limit must be a whole number from 1 to ${mostReplayed}` };
const filterMessage = { message: 'filter must be an object with ids, or with any of status, reason, type and since' };
const idsMessage = { message: `filter.ids must be a list of 1 to ${mostReplayed} event ids` };

/** All that is given must hold; nothing given would be everything, and is refused. */
export class ReplayFilter {
  @IsOptional()
  @IsArray(idsMessage)
  @ArrayMinSize(1, idsMessage)
  @ArrayMaxSize(mostReplayed, idsMessage)
  @Matches(/^[^\0]{1,255}$/su, { each: true, message: 'filter.ids must be event ids of 1 to 255 characters' })
  ids?: string[];

  @Status()
  status?: InboxStatus;

  @Reason()
  reason?: string;

  @EventType()
  type?: string;

  /** Recorded at this time or later. */
  @Instant()
  since?: string;
}

export class ReplayRequest {
  @IsObject(filterMessage)
  @ValidateNested(filterMessage)
  @Type(() => ReplayFilter)
  filter: ReplayFilter;

  @IsBoolean({ message: 'dry_run must be true or false' })
  dry_run: boolean;

  @IsInt(limitMessage)
  @Min(1, limitMessage)
  @Max(mostReplayed, limitMessage)
  limit = usualLimit;

  /** Why: it goes into the audit trail. */
  @IsOptional()
  @Matches(/^(?=.*\S)[^\p{Cc}]{1,500}$/u, { message: 'note must be one line of at most 500 characters that says why' })
  note?: string;

  /** `next_cursor` of the replay before, to go on where it ended. */
  @Cursor()
  cursor?: string;
}

/** Throws Refused for a filter that would mean everything. */
export function toReplayFilter({ filter }: ReplayRequest): InboxFilter {
  const { ids, status, reason, type, since } = filter;
  if ([ids, status, reason, type, since].every((each) => each === undefined)) {
    throw new Refused('request_invalid', 'filter must hold at least one of ids, status, reason, type, since');
  }
  return { ids, status, reason, type, since: since === undefined ? undefined : new Date(since) };
}

/** What a replay that changes something cannot do without. */
export function noteOf({ note }: ReplayRequest): string {
  if (note === undefined) throw new Refused('request_invalid', 'note is required: say why, for the audit trail');
  return note;
}
