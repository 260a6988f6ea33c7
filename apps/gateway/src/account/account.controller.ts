import { Controller, Get, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { SignedIn } from '../sign-in/access.js';
import { callerOf } from '../sign-in/sign-in.guard.js';
import { AccountReader } from './account-reader.store.js';

@Controller('v1/account')
@SignedIn('api')
export class AccountController {
  constructor(private readonly accounts: AccountReader) {}

  /** Sends the answer itself: this is asked more often than all other routes together, and answered without Nest's pipeline. */
  @Get()
  async read(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<FastifyReply> {
    const account = await this.accounts.answerSoon(callerOf(request).userId);
    return reply
      .header('cache-control', 'no-store')
      .type('application/json; charset=utf-8')
      .send(JSON.stringify(account));
  }
}
