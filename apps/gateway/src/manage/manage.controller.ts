import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import type { AccountAnswer } from '../account/account-answer.js';
import { SignedIn } from '../sign-in/access.js';
import type { Caller } from '../sign-in/caller.js';
import { CurrentCaller } from '../sign-in/sign-in.guard.js';
import { CancelRequest, PortalRequest, ResumeRequest } from './manage.request.js';
import { PlanManagement } from './plan-management.client.js';
import { Portal } from './portal.client.js';

/** Cancel and resume answer with the account, the change shown as pending. */
@Controller('v1')
@SignedIn('api')
export class ManageController {
  constructor(
    private readonly management: PlanManagement,
    private readonly portal: Portal,
  ) {}

  @Post('subscription/cancel')
  @HttpCode(200)
  cancel(@CurrentCaller() caller: Caller, @Body() request: CancelRequest): Promise<AccountAnswer> {
    return this.management.cancel(caller, request.immediate === true);
  }

  @Post('subscription/resume')
  @HttpCode(200)
  async resume(@CurrentCaller() caller: Caller, @Body() request: ResumeRequest): Promise<AccountAnswer> {
    const endsPause = request.ends_pause === true;
    const { account } = await (endsPause ? this.management.endPause(caller) : this.management.resume(caller));
    return account;
  }

  @Post('portal-sessions')
  async openPortal(@CurrentCaller() caller: Caller, @Body() request: PortalRequest): Promise<{ url: string }> {
    return { url: await this.portal.open(caller, request.flow ?? null, request.return_to ?? 'profile') };
  }
}
