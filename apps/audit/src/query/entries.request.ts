import { Refused } from '@billhook/runtime';
import { applyDecorators } from '@nestjs/common';
import { Type } from 'class-transformer';
import { IsInt, IsIP, IsISO8601, IsOptional, Matches, Max, Min } from 'class-validator';
import { plainAddress } from '../trail/content.js';
import type { EntryFilter, TypeFilter } from './entry-filter.js';

/** Up to 255 characters; U+0000 is refused here because PostgreSQL refuses it later. */
export const ShortText = (): PropertyDecorator =>
  applyDecorators(
    IsOptional(),
    Matches(/^[^\0]{1,255}$/su, { message: '$property must be one text of 1 to 255 characters' }),
  );

const instant = /^[12]\d{3}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d))?$/;
const instantMessage = {
  message: '$property must be an ISO 8601 date or time with its zone, such as 2026-11-01 or 2026-11-01T09:30:00Z',
};
const Instant = (): PropertyDecorator =>
  applyDecorators(IsOptional(), Matches(instant, instantMessage), IsISO8601({ strict: true }, instantMessage));

/** The seq that an answer ended with. */
export const Cursor = (): PropertyDecorator =>
  applyDecorators(
    IsOptional(),
    Matches(/^[1-9]\d{0,17}$/, { message: '$property must be the next_cursor of an earlier answer' }),
  );

/** What may be asked of the trail, whatever the answer's form. */
export class FilterRequest {
  @ShortText()
  user_id?: string;

  @IsOptional()
  @Matches(/^(?=.{1,255}$)[a-z0-9_]+(\.[a-z0-9_]+)*(\.\*)?$/i, {
    message: 'type must be an event type such as billing.tier.changed, or a prefix such as stripe.*',
  })
  type?: string;

  /** Recorded at this time or later. A date alone is its first moment, UTC. */
  @Instant()
  from?: string;

  /** Recorded before this time. */
  @Instant()
  to?: string;

  @IsOptional()
  @IsIP(undefined, { message: 'ip must be an IPv4 or IPv6 address' })
  ip?: string;

  /** A price or product is found only by the events about it, not by the many that name it. */
  @IsOptional()
  @Matches(/^[a-z][a-z0-9]*_[A-Za-z0-9_]{1,240}$/, {
    message: "stripe_id must be one of Stripe's ids, such as cus_…, sub_…, in_…, cs_…, pi_… or evt_…",
  })
  stripe_id?: string;

  @ShortText()
  request_id?: string;

  /** Every word of it has to stand in the entry's data, or be who did it; only words that are not sealed are found. */
  @IsOptional()
  @Matches(/^(?=.*[\p{L}\p{N}])[^\0]{1,255}$/su, {
    message: 'q must be one text of up to 255 characters with a word in it',
  })
  q?: string;
}

export class EntriesRequest extends FilterRequest {
  @Type(() => Number)
  @IsInt({ message: 'limit must be a whole number from 1 to 200' })
  @Min(1, { message: 'limit must be a whole number from 1 to 200' })
  @Max(200, { message: 'limit must be a whole number from 1 to 200' })
  limit = 50;

  @Cursor()
  cursor?: string;
}

/** Throws Refused request_invalid. */
export function toFilter(request: FilterRequest): EntryFilter {
  const { user_id, type, from, to, ip, stripe_id, request_id, q } = request;
  if (from !== undefined && to !== undefined && new Date(from) >= new Date(to)) {
    throw new Refused('request_invalid', 'from must be earlier than to');
  }
  return {
    userId: user_id,
    type: type === undefined ? undefined : toTypeFilter(type),
    from: from === undefined ? undefined : new Date(from),
    to: to === undefined ? undefined : new Date(to),
    ip: ip === undefined ? undefined : plainAddress(ip),
    stripeId: stripe_id,
    requestId: request_id,
    words: q,
  };
}

function toTypeFilter(type: string): TypeFilter {
  return type.endsWith('.*') ? { kind: 'prefix', prefix: type.slice(0, -1) } : { kind: 'exact', type };
}
