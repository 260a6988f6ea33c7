import { plansOf } from '@billhook/billing';
import { LiveCatalogue } from '@billhook/catalogue';
import { Body, Controller, Get, Header, Param, Post } from '@nestjs/common';
import { GatewayConfig } from '../config.js';
import { SignedIn } from '../sign-in/access.js';
import type { Caller } from '../sign-in/caller.js';
import { CurrentCaller } from '../sign-in/sign-in.guard.js';
import { Checkout } from './checkout.client.js';
import type { PayableSession } from './checkout.client.js';
import { CheckoutRequest } from './checkout.request.js';
import { toPlanChoice } from './plan-choice.js';
import { offersOf } from './pricing-view.js';
import { ProgressReader } from './progress.client.js';

@Controller('v1')
export class CheckoutController {
  constructor(
    private readonly checkout: Checkout,
    private readonly progress: ProgressReader,
    private readonly config: GatewayConfig,
    private readonly catalogue: LiveCatalogue,
  ) {}

  /** Amounts are in the currency's minor unit. */
  @Get('plans')
  plans() {
    const data = plansOf(this.catalogue.current()).map((plan) => ({
      tier: plan.tier,
      name: plan.name,
      entitlements: plan.entitlements,
      trial_days: plan.trialDays,
      prices: offersOf(plan).map(({ billingCycle, isOnSale, ...price }) => ({
        billing_cycle: billingCycle,
        ...price,
        on_sale: isOnSale,
      })),
    }));
    return { data, stripe_publishable_key: this.config.STRIPE_PUBLISHABLE_KEY ?? null };
  }

  @Post('checkout-sessions')
  @SignedIn('api')
  start(@CurrentCaller() caller: Caller, @Body() request: CheckoutRequest): Promise<PayableSession> {
    return this.checkout.start(caller, toPlanChoice(request));
  }

  @Get('checkout-sessions/:id')
  @SignedIn('api')
  @Header('cache-control', 'no-store')
  async read(@CurrentCaller() caller: Caller, @Param('id') id: string) {
    const { attempt, progress } = await this.progress.report(caller, id, 0);
    return {
      id,
      state: progress.kind,
      tier: attempt.tier,
      billing_cycle: attempt.billingCycle,
      subscription_id: attempt.subscriptionId,
      url: progress.kind === 'unpaid' ? progress.url : null,
    };
  }
}
