import { InboxSearch } from '@billhook/messaging';
import { identityOf, Refused, RequireRole } from '@billhook/runtime';
import { Body, Controller, Get, HttpCode, Param, Post, Query, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { createHash } from 'node:crypto';
import { DataSource } from 'typeorm';
import { consumerName } from '../intake/consumer-name.js';
import { KeptEvents } from '../intake/kept-event.store.js';
import { positionOf, toCursor } from './cursor.js';
import { tally, toDetailAnswer, toEventAnswer, toGroupAnswer, toSummaryAnswer } from './events-answer.js';
import type { EventAnswer, EventDetailAnswer, GroupAnswer } from './events-answer.js';
import { EventsRequest, SummaryRequest, toFilter } from './events.request.js';
import { ReplayRun } from './replay-run.store.js';
import type { Chosen, ReplayReport } from './replay-run.store.js';
import { noteOf, ReplayRequest, toReplayFilter } from './replay.request.js';
import type { ReplayOrder, ReplayResult } from './replay.store.js';
import { userAgentOf } from './user-agent.js';

const idsShown = 20;
const summedUpMs = 7 * 24 * 60 * 60 * 1000;

/** What became of the events that came in, and running them again. */
@Controller('v1/events')
@RequireRole('ops')
export class EventsController {
  private readonly search = new InboxSearch(consumerName);
  private readonly kept = new KeptEvents();

  constructor(
    private readonly dataSource: DataSource,
    private readonly replays: ReplayRun,
  ) {}

  /** Newest first. `next_cursor` is null on the last page. */
  @Get()
  async list(@Query() request: EventsRequest): Promise<{ data: EventAnswer[]; next_cursor: string | null }> {
    const { limit, cursor } = request;
    const page = { order: 'newest', limit: limit + 1, after: positionOf(cursor) } as const;
    const entries = await this.search.list(this.dataSource.manager, toFilter(request), page);
    const shown = entries.slice(0, limit);
    const last = shown.at(-1);
    return { data: shown.map(toEventAnswer), next_cursor: entries.length > limit && last ? toCursor(last) : null };
  }

  /** Parked and retrying events of any age; applied and ignored ones since `from`, by default of the last seven days. */
  @Get('summary')
  async summary(@Query() { from }: SummaryRequest): Promise<ReturnType<typeof toSummaryAnswer>> {
    const since = from === undefined ? new Date(Date.now() - summedUpMs) : new Date(from);
    return toSummaryAnswer(await this.search.summary(this.dataSource.manager, since), since);
  }

  @Get(':id')
  async one(@Param('id') id: string): Promise<EventDetailAnswer> {
    if (id.includes('\0')) throw new Refused('not_found');
    const { manager } = this.dataSource;
    const detail = await this.search.find(manager, id);
    if (detail === null) throw new Refused('not_found', 'no event with this id has come in');
    const kept = detail.parked === null ? await this.kept.find(manager, id, detail.recordedAt) : null;
    return toDetailAnswer(detail, kept, (body) => createHash('sha256').update(body).digest('hex'));
  }

  @Post('replay')
  @HttpCode(200)
  async replay(@Body() request: ReplayRequest, @Req() http: FastifyRequest): Promise<DryRunAnswer | ReplayAnswer> {
    const selection = {
      filter: toReplayFilter(request),
      limit: request.limit,
      after: positionOf(request.cursor),
    };
    if (request.dry_run) return toDryRunAnswer(await this.replays.choose(selection));
    return toReplayAnswer(await this.replays.run(selection, toOrder(noteOf(request), http)));
  }
}

interface DryRunAnswer {
  dry_run: true;
  /** All that the filter finds, from the cursor on. */
  matched: number;
  /** How many of them one request with this limit would take. */
  would_replay: number;
  groups: GroupAnswer[];
  /** The first that would be replayed, oldest first. */
  first_ids: string[];
  not_found: number;
}

interface ReplayAnswer {
  dry_run: false;
  matched: number;
  replayed: number;
  /** By what became of them, those that could not be run included. */
  outcomes: Partial<Record<ReplayResult, number>>;
  /** Matched, but not looked at any more. */
  remaining: number;
  /** To go on with the same filter; null when nothing is left. */
  next_cursor: string | null;
}

function toDryRunAnswer({ matched, groups, entries, unknown }: Chosen): DryRunAnswer {
  return {
    dry_run: true,
    matched,
    would_replay: entries.length,
    groups: groups.map(toGroupAnswer),
    first_ids: entries.slice(0, idsShown).map(({ eventId }) => eventId),
    not_found: unknown,
  };
}

function toReplayAnswer({ chosen, results, replayed, last }: ReplayReport): ReplayAnswer {
  const unknown: ReplayResult[] = Array.from({ length: chosen.unknown }, () => 'not_found');
  const remaining = Math.max(chosen.matched - results.length, 0);
  return {
    dry_run: false,
    matched: chosen.matched,
    replayed,
    outcomes: tally([...results, ...unknown]),
    remaining,
    next_cursor: remaining > 0 && last !== null ? toCursor(last) : null,
  };
}

function toOrder(note: string, http: FastifyRequest): ReplayOrder {
  return {
    by: identityOf(http).userId,
    note,
    requestId: http.id,
    remoteAddress: http.ip,
    userAgent: userAgentOf(http),
  };
}
