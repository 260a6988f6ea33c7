import { LiveCatalogue } from '@billhook/catalogue';
import { Refused } from '@billhook/runtime';
import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AccountReader } from '../account/account-reader.store.js';
import { GatewayConfig } from '../config.js';
import { isMessageCode } from '../pages/messages.js';
import { redirect, redirectToProfile, sendPage } from '../pages/reply.js';
import { SignedIn } from '../sign-in/access.js';
import type { Caller } from '../sign-in/caller.js';
import { CurrentCaller, SignIn } from '../sign-in/sign-in.guard.js';
import { Checkout } from './checkout.client.js';
import { canceledPage, successPage } from './payment.page.js';
import { toPlanChoice, toTier } from './plan-choice.js';
import type { PlanChoice } from './plan-choice.js';
import { pricingPage } from './pricing.page.js';
import { pricingView } from './pricing-view.js';
import { ProgressReader } from './progress.client.js';

/** Most events come sooner than people read; after it the page waits by itself. */
const successWaitMs = 1_500;

/** The way from the prices through Stripe's page and back. */
@Controller()
export class CheckoutPagesController {
  constructor(
    private readonly checkout: Checkout,
    private readonly progress: ProgressReader,
    private readonly accounts: AccountReader,
    private readonly signIn: SignIn,
    private readonly config: GatewayConfig,
    private readonly catalogue: LiveCatalogue,
  ) {}

  @Get()
  home(@Res() reply: FastifyReply): void {
    redirect(reply, '/pricing');
  }

  @Get('pricing')
  async pricing(
    @Req() request: FastifyRequest,
    @Query('message') message: unknown,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const visitor = await this.signIn.peek(request);
    const account = visitor === undefined ? null : await this.accounts.read(visitor.userId);
    sendPage(
      reply,
      pricingPage(pricingView(this.catalogue.current(), account), isMessageCode(message) ? message : null),
    );
  }

  @Get('create-checkout')
  @SignedIn('page')
  async createCheckout(
    @CurrentCaller() caller: Caller,
    @Query('tier') tier: unknown,
    @Query('billing_cycle') billingCycle: unknown,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const choice = toPlanChoice({ tier, billing_cycle: billingCycle });
    try {
      redirect(reply, (await this.checkout.start(caller, choice)).url);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      // A subscription that lives is changed, and never bought a second time: by the form of this page, with its figures.
      if (error.code === 'subscription_exists') return redirect(reply, changePath(choice));
      if (error.code !== 'already_subscribed') throw error;
      redirectToProfile(reply, 'already_subscribed');
    }
  }

  /**
   * The address that older links use: monthly unless it says otherwise. The read model only saves a step: either way leads to
   * the other where Stripe knows better.
   */
  @Get('upgrade/:tier')
  @SignedIn('page')
  async upgrade(
    @CurrentCaller() caller: Caller,
    @Param('tier') tier: string,
    @Query('billing_cycle') billingCycle: unknown,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const choice = toPlanChoice({ tier: toTier(tier), billing_cycle: billingCycle ?? 'monthly' });
    const { subscription } = await this.accounts.read(caller.userId);
    const hasPlan = subscription !== null && !subscription.is_canceled;
    redirect(reply, hasPlan ? changePath(choice) : `/create-checkout?${queryOf(choice)}`);
  }

  @Get('payment/success')
  @SignedIn('page')
  async success(
    @CurrentCaller() caller: Caller,
    @Query('session_id') sessionId: unknown,
    @Query('stay') stay: unknown,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    if (typeof sessionId !== 'string' || sessionId === '') throw new Refused('not_found');
    const progress = await this.progress.reportToPage(caller, sessionId, successWaitMs);
    if (progress.kind === 'past') return redirect(reply, '/profile');
    const selfUrl = `/payment/success?session_id=${encodeURIComponent(sessionId)}`;
    const { DASHBOARD_URL: dashboardUrl } = this.config;
    sendPage(reply, successPage({ progress, sessionId, selfUrl, dashboardUrl, isStaying: stay === 'yes' }));
  }

  @Get('payment/canceled')
  @SignedIn('page')
  canceled(@Res() reply: FastifyReply): void {
    sendPage(reply, canceledPage());
  }
}

const queryOf = ({ tier, billingCycle }: PlanChoice): string => `tier=${tier}&billing_cycle=${billingCycle}`;
const changePath = (choice: PlanChoice): string => `/change-plan?${queryOf(choice)}`;
