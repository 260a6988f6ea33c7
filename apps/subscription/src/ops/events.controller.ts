import { Inbox } from '@billhook/messaging';
import type { InboxEntry } from '@billhook/messaging';
import { Refused, RequireRole } from '@billhook/runtime';
import { Controller, Get, Query } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { consumerName } from '../intake/apply.store.js';
import { fromCursor, toCursor } from './cursor.js';
import type { Position } from './cursor.js';
import { EventsRequest } from './events.request.js';

interface EventAnswer {
  id: string;
  type: string;
  status: string;
  reason: string | null;
  recorded_at: string;
}

/** What became of the events that came in. */
@Controller('v1/events')
@RequireRole('ops')
export class EventsController {
  private readonly inbox = new Inbox(consumerName);

  constructor(private readonly dataSource: DataSource) {}

  /** Newest first. `next_cursor` is null on the last page. */
  @Get()
  async list(
    @Query() { status, limit, cursor }: EventsRequest,
  ): Promise<{ data: EventAnswer[]; next_cursor: string | null }> {
    const filter = {
      limit: limit + 1,
      ...(status !== undefined && { outcome: status }),
      ...(cursor !== undefined && { before: positionOf(cursor) }),
    };
    const entries = await this.inbox.list(this.dataSource.manager, filter);
    const page = entries.slice(0, limit);
    const last = page.at(-1);
    return { data: page.map(toAnswer), next_cursor: entries.length > limit && last ? toCursor(last) : null };
  }
}

function positionOf(cursor: string): Position {
  const position = fromCursor(cursor);
  if (position === null) throw new Refused('request_invalid', 'cursor must be the next_cursor of the page before');
  return position;
}

function toAnswer(entry: InboxEntry): EventAnswer {
  return {
    id: entry.eventId,
    type: entry.type,
    status: entry.outcome,
    reason: entry.reason,
    recorded_at: entry.recordedAt.toISOString(),
  };
}
