import { Refused, RequireRole } from '@billhook/runtime';
import { Controller, Get, Param, Query, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { ReadRecorder } from '../reads/read-recorder.store.js';
import { TimelineRequest, toPosition } from './timeline.request.js';
import { TimelineStore } from './timeline.store.js';
import type { TimelinePage } from './timeline.store.js';

@Controller('v1/users')
@RequireRole('ops')
export class TimelineController {
  constructor(
    private readonly timelines: TimelineStore,
    private readonly reads: ReadRecorder,
  ) {}

  /** What a user asked for, what Stripe told of it, what was decided and which tier came of it, newest first. */
  @Get(':id/timeline')
  async timeline(
    @Param('id') id: string,
    @Query() request: TimelineRequest,
    @Req() http: FastifyRequest,
  ): Promise<TimelinePage & { user_id: string }> {
    if (id.length > 255 || id.includes('\0')) throw new Refused('not_found', 'a user id has at most 255 characters');
    const page = await this.timelines.page(id, request.limit, toPosition(request));
    await this.reads.record('timeline', http);
    return { user_id: id, ...page };
  }
}
