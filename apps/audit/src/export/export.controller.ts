import { RequireRole } from '@billhook/runtime';
import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import { toFilter } from '../query/entries.request.js';
import { ReadRecorder } from '../reads/read-recorder.store.js';
import { ExportRequest } from './export.request.js';
import { ExportStore } from './export.store.js';

const types = { csv: 'text/csv; charset=utf-8; header=present', ndjson: 'application/x-ndjson' } as const;

/** For programs, and as a link of the console. */
@Controller(['v1/entries/export', 'console/export'])
@RequireRole('ops')
export class ExportController {
  constructor(
    private readonly exports: ExportStore,
    private readonly reads: ReadRecorder,
  ) {}

  @Get()
  async export(
    @Query() request: ExportRequest,
    @Req() http: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { format, limit, cursor } = request;
    const filter = { ...toFilter(request), after: cursor };
    await this.reads.record('export', http);
    void reply
      .type(types[format])
      .header('content-disposition', `attachment; filename="audit-trail.${format}"`)
      .header('cache-control', 'no-store');
    // Fastify answers HEAD wherever it answers GET: nothing need be read for it.
    if (http.method === 'HEAD') return void reply.send();
    void reply.send(
      Readable.from(this.exports.pieces({ format, filter, limit }), { objectMode: false, highWaterMark: 1 }),
    );
  }
}
