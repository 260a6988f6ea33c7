import { defaultGraceDays } from '@billhook/billing';
import type { GraceDays } from '@billhook/billing';
import { CatalogueConfig } from '@billhook/catalogue';
import { BrokerUrl, DatabaseUrl } from '@billhook/runtime';
import { applyDecorators } from '@nestjs/common';
import { Type } from 'class-transformer';
import { IsInt, Max, Min } from 'class-validator';

/** How long a failed renewal keeps its tier. Stripe's own retries end after two months at the latest. */
function GraceDaysOfPlan(): PropertyDecorator {
  const message = '$property must be a whole number of days from 0 to 60';
  return applyDecorators(
    Type(() => Number),
    IsInt({ message }),
    Min(0, { message }),
    Max(60, { message }),
  );
}

function WholeNumber(least: number, most: number): PropertyDecorator {
  const message = `$property must be a whole number from ${least} to ${most}`;
  return applyDecorators(
    Type(() => Number),
    IsInt({ message }),
    Min(least, { message }),
    Max(most, { message }),
  );
}

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

  graceDays(): GraceDays {
    return { pro: this.GRACE_DAYS_PRO, elite: this.GRACE_DAYS_ELITE };
  }
}
