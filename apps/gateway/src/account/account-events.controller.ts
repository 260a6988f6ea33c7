import { Controller, Get, Headers, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { SignedIn } from '../sign-in/access.js';
import type { Caller } from '../sign-in/caller.js';
import { CurrentCaller } from '../sign-in/sign-in.guard.js';
import { retryFrame, toLastVersion } from './account-frame.js';
import { AccountStream } from './account-stream.js';
import { AccountStreams } from './account-streams.store.js';

/** A connection that breaks is tried again after this long. */
const retryMs = 2_000;

const headers = {
  'content-type': 'text/event-stream; charset=utf-8',
  // Neither kept nor compressed by anything on the way; the last is for nginx, which would hold the answer back.
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
} as const;

/** The account as it changes, for as long as the token lasts. */
@Controller('v1/account')
@SignedIn('api')
export class AccountEventsController {
  constructor(private readonly streams: AccountStreams) {}

  @Get('events')
  follow(
    @CurrentCaller() caller: Caller,
    @Headers('last-event-id') lastEventId: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): void {
    this.streams.admit(caller.userId);
    void reply.headers(headers);
    // Fastify answers HEAD wherever it answers GET: such a stream would never end.
    if (request.method === 'HEAD') return void reply.send();
    reply.hijack();
    const { raw } = reply;
    // A hijacked answer is not sent through Fastify: what its hooks have set would be lost.
    for (const [name, value] of Object.entries(reply.getHeaders())) if (value !== undefined) raw.setHeader(name, value);
    raw.write(retryFrame(retryMs));
    const start = { lastVersion: toLastVersion(lastEventId), now: Date.now() };
    const stream = new AccountStream(caller.userId, caller.expiresAt * 1_000, raw, start);
    raw.on('drain', () => {
      if (stream.catchUp()) this.streams.look(stream.userId);
    });
    // A broken connection is no error of ours: it closes, which is what counts.
    raw.on('error', () => raw.destroy());
    raw.once('close', () => this.streams.remove(stream));
    this.streams.add(stream);
  }
}
