import { RequireRole } from '@billhook/runtime';
import { Controller, Get } from '@nestjs/common';
import { verifyChain } from '../trail/chain.js';
import type { Verdict } from '../trail/chain.js';
import { VerifyStore } from './verify.store.js';

@Controller('v1/chain')
@RequireRole('ops')
export class VerifyController {
  constructor(private readonly store: VerifyStore) {}

  /** 200 in both cases: the question has been answered. `ok` says how. */
  @Get('verify')
  verify(): Promise<Verdict> {
    return verifyChain(this.store.walk());
  }
}
