import { Body, Controller, Get, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { BillingDetailsReader } from '../account/billing-details.client.js';
import { redirect, redirectToProfile } from '../pages/reply.js';
import { SignedIn } from '../sign-in/access.js';
import type { Caller } from '../sign-in/caller.js';
import { CurrentCaller } from '../sign-in/sign-in.guard.js';
import { CancelForm, PortalRequest, ResumeForm } from './manage.request.js';
import { PlanManagement } from './plan-management.client.js';
import { Portal } from './portal.client.js';
import { Pulls } from './pull.store.js';

/** The profile's buttons. */
@Controller()
@SignedIn('page')
export class ManagePagesController {
  constructor(
    private readonly management: PlanManagement,
    private readonly portal: Portal,
    private readonly pulls: Pulls,
    private readonly details: BillingDetailsReader,
  ) {}

  @Post('cancel-subscription')
  async cancel(@CurrentCaller() caller: Caller, @Body() form: CancelForm, @Res() reply: FastifyReply): Promise<void> {
    const isImmediate = form.immediate === 'true';
    this.details.doubt(caller.userId);
    await this.management.cancel(caller, isImmediate);
    redirectToProfile(reply, isImmediate ? 'canceled_now' : 'cancel_scheduled');
  }

  @Post('resume-subscription')
  async resume(@CurrentCaller() caller: Caller, @Body() form: ResumeForm, @Res() reply: FastifyReply): Promise<void> {
    this.details.doubt(caller.userId);
    if (form.ends_pause === 'true') {
      const { outcome } = await this.management.endPause(caller);
      return redirectToProfile(reply, outcome === 'payment_required' ? 'resume_unpaid' : 'resuming');
    }
    await this.management.resume(caller);
    redirectToProfile(reply, 'resumed');
  }

  @Post('refresh-account')
  async refresh(@CurrentCaller() caller: Caller, @Res() reply: FastifyReply): Promise<void> {
    await this.pulls.ask(caller);
    redirectToProfile(reply, 'refreshed');
  }

  @Get('manage-subscription')
  async manage(
    @CurrentCaller() caller: Caller,
    @Query() request: PortalRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    this.details.doubt(caller.userId);
    redirect(reply, await this.portal.open(caller, request.flow ?? null, request.return_to ?? 'profile'));
  }
}
