import { Refused, RequireRole } from '@billhook/runtime';
import { Controller, Get, Param, Query, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { ReadRecorder } from '../reads/read-recorder.store.js';
import { EntriesRequest, toFilter } from './entries.request.js';
import { EntriesStore } from './entries.store.js';
import type { EntryDetail, EntryPage } from './entries.store.js';

@Controller('v1/entries')
@RequireRole('ops')
export class EntriesController {
  constructor(
    private readonly entries: EntriesStore,
    private readonly reads: ReadRecorder,
  ) {}

  /** Recorded once it has been read, so that no page begins with the look at it; and before it is answered. */
  @Get()
  async list(@Query() request: EntriesRequest, @Req() http: FastifyRequest): Promise<EntryPage> {
    const page = await this.entries.page({ ...toFilter(request), before: request.cursor }, request.limit);
    await this.reads.record('entries', http);
    return page;
  }

  /** By event id: Stripe's `evt_…`, or the UUID of one of our own. */
  @Get(':id')
  async one(@Param('id') id: string, @Req() http: FastifyRequest): Promise<EntryDetail> {
    const entry = isEventId(id) ? await this.entries.find(id) : undefined;
    await this.reads.record('entry', http);
    if (entry === undefined) throw new Refused('not_found', 'there is no entry with this event id');
    return entry;
  }
}

/** What no event id can be is not asked for: PostgreSQL refuses U+0000 in a text. */
function isEventId(id: string): boolean {
  return id.length <= 255 && !id.includes('\0');
}
