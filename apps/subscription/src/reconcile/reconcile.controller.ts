import { identityOf, Refused, RequireRole } from '@billhook/runtime';
import { Body, Controller, Get, HttpCode, Param, Post, Query, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Drifts } from './drift.store.js';
import { toDriftAnswer, toRunAnswer } from './reconcile-answer.js';
import type { DriftAnswer, RunAnswer } from './reconcile-answer.js';
import { DriftRequest, ReconcileRequest } from './reconcile.request.js';
import { Runs } from './run.store.js';

const runsShown = 50;
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Comparing with Stripe on demand, how far it is, and what came of it. */
@Controller('v1/reconcile')
@RequireRole('ops')
export class ReconcileController {
  constructor(
    private readonly runs: Runs,
    private readonly drifts: Drifts,
  ) {}

  /** 202: it is carried out beside everything else; `GET /v1/reconcile/:id` has the report. */
  @Post()
  @HttpCode(202)
  async request(
    @Body() { kind, dry_run: dryRun, note }: ReconcileRequest,
    @Req() http: FastifyRequest,
  ): Promise<RunAnswer> {
    const requestedBy = `ops:${identityOf(http).userId}`;
    const { run, isNew } = await this.runs.request({ kind, dryRun, requestedBy, note: note ?? null });
    if (!isNew) throw new Refused('reconcile_under_way', `${run.kind} ${run.id} has not ended yet`);
    return toRunAnswer(run);
  }

  /** Newest first. `events_until`: up to when every event that Stripe lists has been taken; null before the first catch-up. */
  @Get()
  async list(): Promise<{ events_until: string | null; data: RunAnswer[] }> {
    const cursor = await this.runs.eventsCursor();
    const runs = await this.runs.newest(runsShown);
    return { events_until: cursor?.toISOString() ?? null, data: runs.map(toRunAnswer) };
  }

  /** With the drift it has found so far, by subscription id, a page at a time. */
  @Get(':id')
  async one(
    @Param('id') id: string,
    @Query() { limit, cursor }: DriftRequest,
  ): Promise<RunAnswer & { drift: DriftAnswer[]; next_cursor: string | null }> {
    const run = uuid.test(id) ? await this.runs.find(id) : null;
    if (run === null) throw new Refused('not_found', 'there is no run of this id');
    const drifts = await this.drifts.list(run.id, cursor ?? '', limit + 1);
    const shown = drifts.slice(0, limit);
    const next = drifts.length > limit ? (shown.at(-1)?.subscriptionId ?? null) : null;
    return { ...toRunAnswer(run), drift: shown.map(toDriftAnswer), next_cursor: next };
  }
}
