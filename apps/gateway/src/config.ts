import { AuthenticatedConfig, BrokerUrl, CommaSeparated, DatabaseUrl, HttpUrl, StripeValue } from '@billhook/runtime';
import { stripeSettingProblems } from '@billhook/stripe';
import type { StripeClientOptions } from '@billhook/stripe';
import { IsOptional, Matches, ValidateBy } from 'class-validator';
import type { ValidationArguments } from 'class-validator';

const price = (): PropertyDecorator => StripeValue(['price_']);
const origin = /^https?:\/\/[^/?#@*\s]+$/;
/** Cookies and redirects are only as safe as the way they travel: plain http is for this machine. */
const secureOrigin = /^(https:\/\/[^/?#@*\s]+|http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?)$/;
const addressOrRange = /^[0-9a-fA-F:.]+(\/\d{1,3})?$/;

/** Reports what the Stripe client would refuse together with everything else that is wrong. */
function IsSafeStripeServer(): PropertyDecorator {
  const problems = (given?: ValidationArguments): string[] =>
    given?.object instanceof GatewayConfig ? given.object.stripeProblems() : [];
  const validator = {
    validate: (_: unknown, given?: ValidationArguments) => problems(given).length === 0,
    defaultMessage: (given?: ValidationArguments) => problems(given).join('; '),
  };
  return ValidateBy({ name: 'isSafeStripeServer', validator });
}

/** Everything the gateway reads from its environment. */
export class GatewayConfig extends AuthenticatedConfig {
  override PORT = 3000;

  @DatabaseUrl()
  DATABASE_URL: string;

  @BrokerUrl()
  RABBITMQ_URL: string;

  @StripeValue(['sk_test_', 'sk_live_', 'rk_test_', 'rk_live_'])
  STRIPE_SECRET_KEY: string;

  /** Passed on to the product's frontend by GET /v1/plans; Billhook itself has no use for it. */
  @IsOptional()
  @StripeValue(['pk_test_', 'pk_live_'])
  STRIPE_PUBLISHABLE_KEY?: string;

  @price()
  STRIPE_PRO_MONTHLY_PRICE_ID: string;

  @price()
  STRIPE_PRO_YEARLY_PRICE_ID: string;

  @price()
  STRIPE_ELITE_MONTHLY_PRICE_ID: string;

  @price()
  STRIPE_ELITE_YEARLY_PRICE_ID: string;

  /** The simulator's address; never with a live key or in production. */
  @IsOptional()
  @HttpUrl()
  @IsSafeStripeServer()
  STRIPE_API_BASE?: string;

  /** The gateway's own address as browsers see it, without a path. */
  @HttpUrl()
  @Matches(secureOrigin, { message: '$property must be an https origin without a path (http only on localhost)' })
  PUBLIC_URL: string;

  /** Where pages send whoever is not signed in; `return_to` is added to its query. */
  @HttpUrl()
  SIGN_IN_URL: string;

  /** The product: where a customer goes on to after paying. */
  @HttpUrl()
  DASHBOARD_URL: string;

  /** Other sites whose scripts may call `/v1` with the session cookie: the product's frontend, the sign-in page. */
  @CommaSeparated()
  @Matches(origin, {
    each: true,
    message: '$property must list origins such as https://app.example.com, without paths',
  })
  CORS_ORIGINS: string[] = [];

  /** Proxies whose X-Forwarded-For is believed: addresses or CIDR ranges. */
  @CommaSeparated()
  @Matches(addressOrRange, { each: true, message: '$property must list IP addresses or CIDR ranges' })
  TRUSTED_PROXIES: string[] = [];

  stripeProblems(): string[] {
    if (typeof this.STRIPE_SECRET_KEY !== 'string') return [];
    return stripeSettingProblems(this.stripeClient());
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
