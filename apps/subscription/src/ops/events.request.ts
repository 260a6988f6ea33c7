import type { InboxFilter, InboxStatus } from '@billhook/messaging';
import { applyDecorators } from '@nestjs/common';
import { Type } from 'class-transformer';
import { IsIn, IsInt, IsISO8601, IsOptional, Matches, Max, Min } from 'class-validator';

const statuses: readonly InboxStatus[] = ['applied', 'ignored', 'parked', 'retrying'];

export const Status = (): PropertyDecorator =>
  applyDecorators(IsOptional(), IsIn(statuses, { message: `$property must be one of ${statuses.join(', ')}` }));

const reasonMessage = '$property must be a reason such as unknown_customer, of at most 500 characters';
export const Reason = (): PropertyDecorator =>
  applyDecorators(IsOptional(), Matches(/^[^\0]{1,500}$/su, { message: reasonMessage }));

const typeMessage = '$property must be an event type such as stripe.invoice.paid';
export const EventType = (): PropertyDecorator =>
  applyDecorators(IsOptional(), Matches(/^[a-z0-9_]+(\.[a-z0-9_]+){1,15}$/i, { message: typeMessage }));

const instant = /^[12]\d{3}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d))?$/;
const instantMessage = {
  message: '$property must be an ISO 8601 date or time with its zone, such as 2026-11-01 or 2026-11-01T09:30:00Z',
};
export const Instant = (): PropertyDecorator =>
  applyDecorators(IsOptional(), Matches(instant, instantMessage), IsISO8601({ strict: true }, instantMessage));

export const Cursor = (): PropertyDecorator =>
  applyDecorators(
    IsOptional(),
    Matches(/^[A-Za-z0-9_-]{1,500}$/, { message: '$property must be the next_cursor of the page before' }),
  );

export class EventsRequest {
  @Status()
  status?: InboxStatus;

  /** A group (what stands before the first colon), or the whole text of one reason. */
  @Reason()
  reason?: string;

  @EventType()
  type?: string;

  /** Recorded at this time or later. A date alone is its first moment, UTC. */
  @Instant()
  from?: string;

  @Type(() => Number)
  @IsInt({ message: 'limit must be a whole number' })
  @Min(1, { message: 'limit must be at least 1' })
  @Max(100, { message: 'limit must be at most 100' })
  limit = 50;

  @Cursor()
  cursor?: string;
}

export class SummaryRequest {
  /** From when on events are counted that are done with. */
  @Instant()
  from?: string;
}

export function toFilter({ status, reason, type, from }: EventsRequest): InboxFilter {
  return { status, reason, type, since: from === undefined ? undefined : new Date(from) };
}
