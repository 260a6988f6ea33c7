import { Refused, RequireRole } from '@billhook/runtime';
import { Controller, Get, Param, Query } from '@nestjs/common';
import { EntriesRequest, toFilter } from './entries.request.js';
import { EntriesStore } from './entries.store.js';
import type { EntryDetail, EntryPage } from './entries.store.js';

@Controller('v1/entries')
@RequireRole('ops')
export class EntriesController {
  constructor(private readonly entries: EntriesStore) {}

  @Get()
  list(@Query() request: EntriesRequest): Promise<EntryPage> {
    return this.entries.page(toFilter(request), request.limit);
  }

  /** By event id: Stripe's `evt_…`, or the UUID of one of our own. */
  @Get(':id')
  async one(@Param('id') id: string): Promise<EntryDetail> {
    const entry = isEventId(id) ? await this.entries.find(id) : undefined;
    if (entry === undefined) throw new Refused('not_found', 'there is no entry with this event id');
    return entry;
  }
}

/** What no event id can be is not asked for: PostgreSQL refuses U+0000 in a text. */
function isEventId(id: string): boolean {
  return id.length <= 255 && !id.includes('\0');
}
