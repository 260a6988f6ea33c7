import { formField } from '@billhook/pages';
import { RequireRole } from '@billhook/runtime';
import { Body, Controller, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AuditConfig } from '../config.js';
import { ReadRecorder } from '../reads/read-recorder.store.js';
import { ConsoleGuard } from './console.guard.js';
import { ParkedEventsClient } from './parked-events.client.js';
import type { Choice, Told } from './parked-events.client.js';
import { parkedListPage, parkedPage, tellPage } from './parked.page.js';
import { readChoice, readReplayForm, textOf } from './fields.js';
import { replayedPage, replayPage } from './replay.page.js';
import { sendPage } from './reply.js';
import { acceptForm } from './session.js';

/** The subscription service's parked events. It answers with the operator's own token, and decides and audits what is replayed. */
@Controller('console')
@RequireRole('ops')
export class ParkedController {
  constructor(
    private readonly events: ParkedEventsClient,
    private readonly reads: ReadRecorder,
    private readonly guard: ConsoleGuard,
    private readonly config: AuditConfig,
  ) {}

  @Get('parked')
  async list(@Query() query: unknown, @Req() http: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const choice = readChoice(query);
    const token = this.guard.sessionOf(http);
    const [groups, page] = await Promise.all([
      this.events.groups(token),
      this.events.list(token, choice, textOf(query, 'cursor')),
    ]);
    await this.reads.record('console', http);
    if (groups.kind !== 'told') return sendTold(reply, groups);
    if (page.kind !== 'told') return sendTold(reply, page);
    const parked = groups.value.groups.filter(({ status }) => status === 'parked');
    sendPage(reply, parkedListPage({ choice, groups: parked, page: page.value }));
  }

  @Get('parked/:id')
  async one(@Param('id') id: string, @Req() http: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const found = await this.events.find(this.guard.sessionOf(http), id);
    await this.reads.record('console', http);
    if (found.kind !== 'told') return sendTold(reply, found);
    sendPage(reply, parkedPage(found.value));
  }

  /** What a replay would take: nothing has happened yet. */
  @Get('replay')
  async dryRun(@Query() query: unknown, @Req() http: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.reads.record('console', http);
    await this.showDryRun(readChoice(query), { http, reply });
  }

  /** Recorded first, with the operator's address, which the subscription service does not see. */
  @Post('replay')
  @HttpCode(200)
  async replay(@Body() fields: unknown, @Req() http: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const sessionToken = this.guard.sessionOf(http);
    const { origin, 'sec-fetch-site': site } = http.headers;
    const headers = { origin, secFetchSite: typeof site === 'string' ? site : undefined };
    acceptForm({ sessionToken, headers, formToken: textOf(fields, formField) }, this.config.PUBLIC_URL, new Date());
    const { choice, note, cursor } = readReplayForm(fields);
    if (note === '') return this.showDryRun(choice, { http, reply, problem: 'Say why: it goes into the trail.' });
    await this.reads.record('console', http);
    const told = await this.events.replay(sessionToken, choice, { note, cursor });
    if (told.kind !== 'told') return sendTold(reply, told);
    sendPage(reply, replayedPage({ choice, note, replayed: told.value }), sessionToken);
  }

  private async showDryRun(choice: Choice, { http, reply, problem }: Shown): Promise<void> {
    const sessionToken = this.guard.sessionOf(http);
    const told = await this.events.dryRun(sessionToken, choice);
    if (told.kind !== 'told') return sendTold(reply, told);
    const page = replayPage({ choice, dryRun: told.value, problem });
    sendPage(problem === undefined ? reply : reply.status(400), page, sessionToken);
  }
}

interface Shown {
  http: FastifyRequest;
  reply: FastifyReply;
  problem?: string;
}

function sendTold(reply: FastifyReply, told: Exclude<Told<unknown>, { kind: 'told' }>): void {
  sendPage(reply.status(told.kind === 'away' ? 503 : told.status), tellPage(told));
}
