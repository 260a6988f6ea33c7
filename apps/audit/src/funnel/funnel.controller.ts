import { RequireRole } from '@billhook/runtime';
import { Controller, Get, Query, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { ReadRecorder } from '../reads/read-recorder.store.js';
import { FunnelRequest, toDays } from './funnel.request.js';
import { FunnelStore } from './funnel.store.js';
import type { FunnelRow } from './funnel.store.js';

interface FunnelAnswer {
  from: string;
  to: string;
  data: FunnelRow[];
}

@Controller('v1/funnel')
@RequireRole('ops')
export class FunnelController {
  constructor(
    private readonly funnel: FunnelStore,
    private readonly reads: ReadRecorder,
  ) {}

  /** By the day on which a checkout began, and its plan: how many were completed, stayed, and ended. */
  @Get()
  async count(@Query() request: FunnelRequest, @Req() http: FastifyRequest): Promise<FunnelAnswer> {
    const now = new Date();
    const days = toDays(request, now);
    // What was told a moment ago counts too; a backlog is left to whoever works it off behind the trail.
    await this.funnel.rollUp();
    const data = await this.funnel.count(days, now);
    await this.reads.record('funnel', http);
    return { from: days.from.toISOString(), to: days.to.toISOString(), data };
  }
}
