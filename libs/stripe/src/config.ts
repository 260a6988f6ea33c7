import { AuthenticatedConfig, HttpUrl, StripeValue } from '@billhook/runtime';
import { IsOptional, ValidateBy } from 'class-validator';
import type { ValidationArguments } from 'class-validator';
import { stripeSettingProblems } from './stripe.client.js';
import type { StripeClientOptions } from './stripe.client.js';

/** Reports what the Stripe client would refuse together with everything else that is wrong. */
function IsSafeStripeServer(): PropertyDecorator {
  const problems = (given?: ValidationArguments): string[] =>
    given?.object instanceof StripeConfig ? given.object.stripeProblems() : [];
  const validator = {
    validate: (_: unknown, given?: ValidationArguments) => problems(given).length === 0,
    defaultMessage: (given?: ValidationArguments) => problems(given).join('; '),
  };
  return ValidateBy({ name: 'isSafeStripeServer', validator });
}

/** For services that talk to Stripe. */
export class StripeConfig extends AuthenticatedConfig {
  @StripeValue(['sk_test_', 'sk_live_', 'rk_test_', 'rk_live_'])
  STRIPE_SECRET_KEY: string;

  /** The simulator's address; never with a live key or in production. */
  @IsOptional()
  @HttpUrl()
  @IsSafeStripeServer()
  STRIPE_API_BASE?: string;

  /** Only what is wrong with the server: a missing key is reported where it belongs. */
  stripeProblems(): string[] {
    return typeof this.STRIPE_SECRET_KEY === 'string' ? stripeSettingProblems(this.stripeClient()) : [];
  }

  /** For `createStripeClient`. */
  stripeClient(): StripeClientOptions {
    return {
      secretKey: this.STRIPE_SECRET_KEY,
      nodeEnv: this.NODE_ENV,
      ...(this.STRIPE_API_BASE === undefined ? {} : { apiBase: this.STRIPE_API_BASE }),
    };
  }
}
