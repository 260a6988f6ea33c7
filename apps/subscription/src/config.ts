import { defaultGraceDays } from '@billhook/billing';
import type { GraceDays } from '@billhook/billing';
import { CatalogueConfig } from '@billhook/catalogue';
import { BrokerUrl, DatabaseUrl } from '@billhook/runtime';
import { applyDecorators } from '@nestjs/common';
import { Type } from 'class-transformer';
import { IsInt, Max, Min } from 'class-validator';
import { ReconcileSettings } from './reconcile/settings.js';

function WholeNumber(least: number, most: number, unit = ''): PropertyDecorator {
  const message = `$property must be a whole number ${unit}from ${least} to ${most}`;
  return applyDecorators(
    Type(() => Number),
    IsInt({ message }),
    Min(least, { message }),
    Max(most, { message }),
  );
}

/** How long a failed renewal keeps its tier. Stripe's own retries end after two months at the latest. */
const GraceDaysOfPlan = (): PropertyDecorator => WholeNumber(0, 60, 'of days ');

/** Everything the subscription service reads from its environment. */
export class SubscriptionConfig extends CatalogueConfig {
  override PORT = 3002;

  @DatabaseUrl()
  DATABASE_URL: string;

  @BrokerUrl()
  RABBITMQ_URL: string;

  @GraceDaysOfPlan()
  GRACE_DAYS_PRO = defaultGraceDays.pro;

  @GraceDaysOfPlan()
  GRACE_DAYS_ELITE = defaultGraceDays.elite;

  /** Of every process: Stripe allows 100 a second of a live key and 25 of a test key, for all that use it. */
  @WholeNumber(1, 100)
  STRIPE_REQUESTS_PER_SECOND = 20;

  /** How often what Stripe lists and the inbox has not is looked for. 0: only when asked. */
  @WholeNumber(0, 86_400)
  CATCH_UP_EVERY_SECONDS = 300;

  /** How often every subscription is compared with Stripe, and mended. 0: only when asked. */
  @WholeNumber(0, 720)
  SWEEP_EVERY_HOURS = 24;

  /** How long a difference must last to be one: longer than an event is usually under way. */
  @WholeNumber(0, 3_600)
  SWEEP_SETTLE_SECONDS = 30;

  reconcileSettings(): ReconcileSettings {
    return new ReconcileSettings(
      this.CATCH_UP_EVERY_SECONDS,
      this.SWEEP_EVERY_HOURS * 3_600,
      this.SWEEP_SETTLE_SECONDS,
    );
  }

  graceDays(): GraceDays {
    return { pro: this.GRACE_DAYS_PRO, elite: this.GRACE_DAYS_ELITE };
  }
}
