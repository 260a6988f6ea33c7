import { Controller, Get, Header } from '@nestjs/common';
import { SignedIn } from '../sign-in/access.js';
import type { Caller } from '../sign-in/caller.js';
import { CurrentCaller } from '../sign-in/sign-in.guard.js';
import type { AccountAnswer } from './account-answer.js';
import { AccountReader } from './account-reader.store.js';

@Controller('v1/account')
@SignedIn('api')
export class AccountController {
  constructor(private readonly accounts: AccountReader) {}

  @Get()
  @Header('cache-control', 'no-store')
  read(@CurrentCaller() caller: Caller): Promise<AccountAnswer> {
    return this.accounts.answerSoon(caller.userId);
  }
}
