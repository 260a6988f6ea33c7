import { Refused, RequireRole } from '@billhook/runtime';
import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { EntriesStore } from '../query/entries.store.js';
import { ReadRecorder } from '../reads/read-recorder.store.js';
import { TimelineRequest, toPosition } from '../timeline/timeline.request.js';
import { TimelineStore } from '../timeline/timeline.store.js';
import { VerifyStore } from '../verify/verify.store.js';
import { entryPage } from './entry.page.js';
import { sendPage } from './reply.js';
import { searchPage } from './search.page.js';
import { readSearch } from './search.request.js';
import { timelinePage } from './timeline.page.js';

const pageSize = 50;

/** The trail for people: what they look at is read, recorded and then shown, as for programs. */
@Controller('console')
@RequireRole('ops')
export class SearchController {
  constructor(
    private readonly entries: EntriesStore,
    private readonly timelines: TimelineStore,
    private readonly proofs: VerifyStore,
    private readonly reads: ReadRecorder,
  ) {}

  @Get()
  async search(@Query() query: unknown, @Req() http: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const reading = readSearch(query);
    if (reading.kind === 'unreadable') {
      const { typed, problems } = reading;
      return sendPage(reply.status(400), searchPage({ typed, problems, found: null, liveSince: undefined }));
    }
    const { typed, filter, cursor, isLive } = reading;
    // Before the page is read: what comes in between is on it, and told a second time rather than missed.
    const liveSince = isLive && cursor === undefined ? await this.entries.head() : undefined;
    const { data, next_cursor } = await this.entries.page({ ...filter, before: cursor }, pageSize);
    await this.reads.record('entries', http);
    sendPage(reply, searchPage({ typed, problems: [], found: { entries: data, nextCursor: next_cursor }, liveSince }));
  }

  /** By event id. `verify=on` walks the chain around it. */
  @Get('entries/:id')
  async entry(
    @Param('id') id: string,
    @Query('verify') verify: unknown,
    @Req() http: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const entry = isId(id) ? await this.entries.find(id) : undefined;
    await this.reads.record('entry', http);
    if (entry === undefined) throw new Refused('not_found', 'there is no entry with this event id');
    const proof = verify === 'on' ? await this.proofs.verifyEntry(BigInt(entry.seq)) : undefined;
    sendPage(reply, entryPage(entry, proof));
  }

  @Get('users/:id')
  async timeline(
    @Param('id') id: string,
    @Query() request: TimelineRequest,
    @Req() http: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    if (!isId(id)) throw new Refused('not_found', 'a user id has at most 255 characters');
    const page = await this.timelines.page(id, request.limit, toPosition(request));
    await this.reads.record('timeline', http);
    sendPage(reply, timelinePage(id, page));
  }
}

function isId(id: string): boolean {
  return id.length <= 255 && !id.includes('\0');
}
