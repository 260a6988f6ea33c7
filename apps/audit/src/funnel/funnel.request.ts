import { Refused } from '@billhook/runtime';
import { applyDecorators } from '@nestjs/common';
import { IsISO8601, IsOptional, Matches } from 'class-validator';
import type { Days } from './funnel.store.js';

const dayMessage = { message: '$property must be a day such as 2026-11-01' };
const Day = (): PropertyDecorator =>
  applyDecorators(IsOptional(), Matches(/^[12]\d{3}-\d\d-\d\d$/, dayMessage), IsISO8601({ strict: true }, dayMessage));

export class FunnelRequest {
  /** The first day, UTC. */
  @Day()
  from?: string;

  /** The day after the last one. */
  @Day()
  to?: string;
}

const dayMs = 24 * 60 * 60 * 1000;
const usualDays = 30;
const mostDays = 400;

/** The last 30 days, today included, unless told otherwise. Throws Refused request_invalid. */
export function toDays({ from, to }: FunnelRequest, now: Date): Days {
  const tomorrow = Math.floor(now.getTime() / dayMs) * dayMs + dayMs;
  const end = to === undefined ? tomorrow : Date.parse(to);
  const start = from === undefined ? end - usualDays * dayMs : Date.parse(from);
  if (start >= end) throw new Refused('request_invalid', 'from must be earlier than to');
  if (end - start > mostDays * dayMs) {
    throw new Refused('request_invalid', `from and to may be at most ${mostDays} days apart`);
  }
  return { from: new Date(start), to: new Date(end) };
}
