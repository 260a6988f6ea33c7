import { BrokerUrl, DatabaseUrl } from '@billhook/runtime';
import { StripeConfig } from '@billhook/stripe';

/** Everything the subscription service reads from its environment. */
export class SubscriptionConfig extends StripeConfig {
  override PORT = 3002;

  @DatabaseUrl()
  DATABASE_URL: string;

  @BrokerUrl()
  RABBITMQ_URL: string;
}
