import { RequireRole } from '@billhook/runtime';
import { Controller, Get, Header, Query, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { ReadRecorder } from '../reads/read-recorder.store.js';
import { checkpointLine } from '../trail/checkpoint-line.js';
import type { Verdict } from '../trail/chain-verifier.js';
import { VerifyRequest } from './verify.request.js';
import { VerifyStore } from './verify.store.js';

@Controller('v1/chain')
@RequireRole('ops')
export class VerifyController {
  constructor(
    private readonly store: VerifyStore,
    private readonly reads: ReadRecorder,
  ) {}

  /** 200 in both cases: the question has been answered. `ok` says how. Recorded behind what has been verified. */
  @Get('verify')
  async verify(@Query() { from, to }: VerifyRequest, @Req() http: FastifyRequest): Promise<Verdict> {
    const verdict = await this.store.verify({
      from: from === undefined ? undefined : BigInt(from),
      to: to === undefined ? undefined : BigInt(to),
    });
    await this.reads.record('chain', http);
    return verdict;
  }

  /** All that were signed, as lines for the command-line verifier. The file outside the database is better evidence. */
  @Get('checkpoints')
  @Header('content-type', 'application/x-ndjson')
  async checkpoints(@Req() http: FastifyRequest): Promise<string> {
    const signed = await this.store.checkpoints();
    await this.reads.record('chain', http);
    return signed.map(checkpointLine).join('');
  }

  /** The public keys that checkpoints are verified with, PEM. An auditor gets them once, by another way. Nothing of the trail, and no look. */
  @Get('public-key')
  @Header('content-type', 'application/x-pem-file')
  publicKey(): string {
    return this.store.publicPem();
  }
}
