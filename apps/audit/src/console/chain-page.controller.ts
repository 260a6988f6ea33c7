import { RequireRole } from '@billhook/runtime';
import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { EntriesStore } from '../query/entries.store.js';
import { ReadRecorder } from '../reads/read-recorder.store.js';
import { toIso } from '../trail/instants.js';
import type { Verdict } from '../trail/chain-verifier.js';
import { VerifyStore } from '../verify/verify.store.js';
import { chainPage } from './chain.page.js';
import { sendPage } from './reply.js';

const recent = 10_000n;

@Controller('console/chain')
@RequireRole('ops')
export class ChainPageController {
  constructor(
    private readonly entries: EntriesStore,
    private readonly proofs: VerifyStore,
    private readonly reads: ReadRecorder,
  ) {}

  @Get()
  async chain(
    @Query('verify') verify: unknown,
    @Req() http: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const [head, checkpoints] = await Promise.all([this.entries.head(), this.proofs.checkpoints()]);
    const last = checkpoints.at(-1);
    const newest =
      last === undefined ? null : { seq: String(last.seq), signedAt: toIso(last.signedAt), keyId: last.keyId };
    const verdict = await this.verified(verify, BigInt(head));
    await this.reads.record('console', http);
    sendPage(reply, chainPage({ head, newest, checkpoints: checkpoints.length, verdict }));
  }

  private async verified(verify: unknown, head: bigint): Promise<Verdict | undefined> {
    if (verify === 'all') return this.proofs.verify();
    if (verify !== 'recent') return undefined;
    return this.proofs.verify(head > recent ? { from: head - recent + 1n } : {});
  }
}
