import { AuthenticatedConfig, BrokerUrl, DatabaseUrl, HttpUrl, StripeValue } from '@billhook/runtime';
import { stripeSettingProblems } from '@billhook/stripe';
import { IsOptional, ValidateBy } from 'class-validator';

const price = (): PropertyDecorator => StripeValue(['price_']);

/** The complete list of the subscription service's settings. */
export class SubscriptionConfig extends AuthenticatedConfig {
  override PORT = 3002;

  @DatabaseUrl()
  DATABASE_URL: string;

  @BrokerUrl()
  RABBITMQ_URL: string;

  @StripeValue(['sk_test_', 'sk_live_', 'rk_test_', 'rk_live_'])
  STRIPE_SECRET_KEY: string;

  /** The simulator's address; never with a live key or in production. */
  @IsOptional()
  @HttpUrl()
  @ValidateBy({
    name: 'stripeServer',
    validator: {
      validate: (_, context) => serverProblems(context?.object).length === 0,
      defaultMessage: (context) => serverProblems(context?.object).join('; '),
    },
  })
  STRIPE_API_BASE?: string;

  @price()
  STRIPE_PRO_MONTHLY_PRICE_ID: string;

  @price()
  STRIPE_PRO_YEARLY_PRICE_ID: string;

  @price()
  STRIPE_ELITE_MONTHLY_PRICE_ID: string;

  @price()
  STRIPE_ELITE_YEARLY_PRICE_ID: string;
}

/** Only what is wrong with the server: a missing key is reported where it belongs. */
function serverProblems(config: unknown): string[] {
  if (!(config instanceof SubscriptionConfig) || config.STRIPE_SECRET_KEY === undefined) return [];
  const { STRIPE_SECRET_KEY: secretKey, STRIPE_API_BASE: apiBase, NODE_ENV: nodeEnv } = config;
  return stripeSettingProblems({ secretKey, apiBase, nodeEnv });
}
