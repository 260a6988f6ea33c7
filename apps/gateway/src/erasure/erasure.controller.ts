import { Refused } from '@billhook/runtime';
import { Body, Controller, Get, Header, HttpCode, Param, Post } from '@nestjs/common';
import { SignedIn } from '../sign-in/access.js';
import type { Caller } from '../sign-in/caller.js';
import { CurrentCaller } from '../sign-in/sign-in.guard.js';
import { ErasureRunner } from './erasure-runner.client.js';
import { erasureView } from './erasure-status.js';
import type { ErasureView } from './erasure-status.js';
import { EraseRequest } from './erasure.request.js';
import { Erasures } from './erasures.store.js';

const longestUserId = 255;

/** For ops: to have a person's data erased, and to see how far that has come. */
@Controller('v1/users/:id')
@SignedIn('api', 'ops')
export class ErasureController {
  constructor(
    private readonly erasures: Erasures,
    private readonly runner: ErasureRunner,
  ) {}

  /** Asked for again, it is the same erasure. Refused not_found for a user of whom nothing is here. */
  @Post('erase')
  @HttpCode(202)
  async erase(
    @CurrentCaller() caller: Caller,
    @Param('id') userId: string,
    @Body() { reason }: EraseRequest,
  ): Promise<ErasureView> {
    if (userId.length > longestUserId || !(await this.erasures.request(userId, reason, caller))) throw unknownUser();
    this.runner.wake();
    return this.read(userId);
  }

  @Get('erasure')
  @Header('cache-control', 'no-store')
  async read(@Param('id') userId: string): Promise<ErasureView> {
    const erasure = userId.length > longestUserId ? null : await this.erasures.find(userId);
    if (erasure === null) throw new Refused('not_found');
    return erasureView(erasure, new Date());
  }
}

function unknownUser(): Refused {
  return new Refused('not_found', 'nobody of this id has an account or a customer here; check it');
}
