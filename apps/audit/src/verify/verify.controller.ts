import { RequireRole } from '@billhook/runtime';
import { Controller, Get, Header, Query } from '@nestjs/common';
import { checkpointLine } from '../trail/checkpoint-line.js';
import type { Verdict } from '../trail/chain-verifier.js';
import { VerifyRequest } from './verify.request.js';
import { VerifyStore } from './verify.store.js';

@Controller('v1/chain')
@RequireRole('ops')
export class VerifyController {
  constructor(private readonly store: VerifyStore) {}

  /** 200 in both cases: the question has been answered. `ok` says how. */
  @Get('verify')
  verify(@Query() { from, to }: VerifyRequest): Promise<Verdict> {
    return this.store.verify({
      from: from === undefined ? undefined : BigInt(from),
      to: to === undefined ? undefined : BigInt(to),
    });
  }

  /** All that were signed, as lines for the command-line verifier. The file outside the database is better evidence. */
  @Get('checkpoints')
  @Header('content-type', 'application/x-ndjson')
  async checkpoints(): Promise<string> {
    return (await this.store.checkpoints()).map(checkpointLine).join('');
  }

  /** The public keys that checkpoints are verified with, PEM. An auditor gets them once, by another way. */
  @Get('public-key')
  @Header('content-type', 'application/x-pem-file')
  publicKey(): string {
    return this.store.publicPem();
  }
}
