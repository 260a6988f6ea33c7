import { planOf } from '@billhook/billing';
import { LiveCatalogue } from '@billhook/catalogue';
import { Refused } from '@billhook/runtime';
import { Body, Controller, Get, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { toPlanChoice } from '../checkout/plan-choice.js';
import type { PlanChoice } from '../checkout/plan-choice.js';
import { redirect, redirectToProfile, sendPage } from '../pages/reply.js';
import { SignedIn } from '../sign-in/access.js';
import type { Caller } from '../sign-in/caller.js';
import { CurrentCaller } from '../sign-in/sign-in.guard.js';
import { changePage } from './change.page.js';
import { ChangeForm } from './change.request.js';
import { isObstacle, obstaclePage, paymentRequiredPage } from './obstacle.page.js';
import { PlanChanger } from './plan-changer.client.js';
import { PlanPreviewer } from './plan-previewer.client.js';

/** The preview of a change of plan, and its button. */
@Controller('change-plan')
@SignedIn('page')
export class ChangePagesController {
  constructor(
    private readonly previewer: PlanPreviewer,
    private readonly changer: PlanChanger,
    private readonly catalogue: LiveCatalogue,
  ) {}

  @Get()
  async show(
    @CurrentCaller() caller: Caller,
    @Query('tier') tier: unknown,
    @Query('billing_cycle') billingCycle: unknown,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const choice = toPlanChoice({ tier, billing_cycle: billingCycle });
    await this.orObstacle(choice, reply, async () => {
      sendPage(reply, changePage(await this.previewer.preview(caller, choice), this.catalogue.current()));
    });
  }

  @Post()
  async confirm(@CurrentCaller() caller: Caller, @Body() form: ChangeForm, @Res() reply: FastifyReply): Promise<void> {
    const choice = toPlanChoice(form);
    await this.orObstacle(choice, reply, async () => {
      const outcome = await this.changer.change(caller, choice, Number(form.proration_date));
      if (outcome.kind === 'payment_required') {
        const { name } = planOf(this.catalogue.current(), choice.tier);
        return sendPage(reply.status(402), paymentRequiredPage(outcome, name));
      }
      redirectToProfile(
        reply,
        outcome.account.pending?.change === 'change_at_period_end' ? 'change_scheduled' : 'changed',
      );
    });
  }

  /** Where something stands in the way, people are shown what it is and how to get past it. */
  private async orObstacle(choice: PlanChoice, reply: FastifyReply, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (error.code === 'already_subscribed') return redirectToProfile(reply, 'already_subscribed');
      if (error.code === 'no_subscription') return redirect(reply, '/pricing?message=no_subscription');
      if (!isObstacle(error.code)) throw error;
      sendPage(reply.status(409), obstaclePage(error.code, choice));
    }
  }
}
