import { identityOf, RequireRole } from '@billhook/runtime';
import { Controller, Get, Headers, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { toFilter } from '../query/entries.request.js';
import { EntriesStore } from '../query/entries.store.js';
import { ReadRecorder } from '../reads/read-recorder.store.js';
import { Tail, toLastSeq } from './tail.js';
import { TailRequest } from './tail.request.js';
import { Tails } from './tails.store.js';

/** A connection that breaks is tried again after this long. */
const retryMs = 2_000;

const headers = {
  'content-type': 'text/event-stream; charset=utf-8',
  // Neither kept nor compressed by anything on the way; the last is for nginx, which would hold the answer back.
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
} as const;

/** The trail as it grows, for as long as the token lasts; for the console, as long as the session. */
@Controller(['v1/entries/tail', 'console/tail'])
@RequireRole('ops')
export class TailController {
  constructor(
    private readonly entries: EntriesStore,
    private readonly tails: Tails,
    private readonly reads: ReadRecorder,
  ) {}

  @Get()
  async follow(
    @Query() request: TailRequest,
    @Headers('last-event-id') lastEventId: unknown,
    @Req() http: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    this.tails.admit();
    const filter = toFilter(request);
    await this.reads.record('tail', http);
    const after = toLastSeq(lastEventId) ?? request.since ?? (await this.entries.head());
    void reply.headers(headers);
    // Fastify answers HEAD wherever it answers GET: such a stream would never end.
    if (http.method === 'HEAD') return void reply.send();
    reply.hijack();
    const { raw } = reply;
    // A hijacked answer is not sent through Fastify: what its hooks have set would be lost.
    for (const [name, value] of Object.entries(reply.getHeaders())) if (value !== undefined) raw.setHeader(name, value);
    raw.write(`retry: ${retryMs}\n\n`);
    const read = (behind: string, limit: number) => this.entries.following({ ...filter, after: behind }, limit);
    const expiresAt = identityOf(http).expiresAt * 1_000;
    const tail = new Tail(raw, read, { after, now: Date.now(), expiresAt });
    raw.on('drain', () => tail.catchUp());
    // A broken connection is no error of ours: it closes, which is what counts.
    raw.on('error', () => raw.destroy());
    raw.once('close', () => this.tails.remove(tail));
    // Whoever has left meanwhile closes no second time.
    if (!raw.destroyed) this.tails.add(tail);
  }
}
