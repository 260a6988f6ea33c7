import { problemFor, Refused } from '@billhook/runtime';
import { Body, Controller, HttpCode, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { toPlanChoice } from '../checkout/plan-choice.js';
import { SignedIn } from '../sign-in/access.js';
import type { Caller } from '../sign-in/caller.js';
import { CurrentCaller } from '../sign-in/sign-in.guard.js';
import { previewAnswer } from './change-preview.js';
import { ChangePreviewRequest, ChangeRequest } from './change.request.js';
import { PlanChanger } from './plan-changer.client.js';
import type { PaymentRequired } from './plan-changer.client.js';
import { PlanPreviewer } from './plan-previewer.client.js';

/** A change answers with the account and the change as pending, or 402 with where to pay for it. */
@Controller('v1/subscription')
@SignedIn('api')
export class ChangeController {
  constructor(
    private readonly previewer: PlanPreviewer,
    private readonly changer: PlanChanger,
  ) {}

  @Post('change-preview')
  @HttpCode(200)
  async preview(@CurrentCaller() caller: Caller, @Body() request: ChangePreviewRequest) {
    return previewAnswer(await this.previewer.preview(caller, toPlanChoice(request)));
  }

  @Post('change')
  async change(
    @CurrentCaller() caller: Caller,
    @Body() request: ChangeRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const outcome = await this.changer.change(caller, toPlanChoice(request), request.proration_date);
    if (outcome.kind === 'accepted') void reply.status(200).send(outcome.account);
    else sendPaymentRequired(reply, outcome, caller.requestId);
  }
}

function sendPaymentRequired(reply: FastifyReply, { url, until }: PaymentRequired, requestId: string): void {
  const problem = problemFor(new Refused('payment_required'), requestId);
  void reply
    .status(problem.status)
    .type('application/problem+json')
    .send(JSON.stringify({ ...problem, payment_url: url, payment_until: until.toISOString() }));
}
