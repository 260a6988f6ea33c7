import { CatalogueConfig } from '@billhook/catalogue';
import { AddressRanges, BrokerUrl, CommaSeparated, DatabaseUrl, HttpUrl, StripeValue } from '@billhook/runtime';
import { applyDecorators } from '@nestjs/common';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, Matches, Max, Min } from 'class-validator';

const origin = /^https?:\/\/[^/?#@*\s]+$/;
/** Cookies and redirects are only as safe as the way they travel: plain http is for this machine. */
const secureOrigin = /^(https:\/\/[^/?#@*\s]+|http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?)$/;

/** How often in a minute; 0 means without a limit. */
const PerMinute = (): PropertyDecorator =>
  applyDecorators(
    Type(() => Number),
    IsInt({ message: '$property must be a whole number of requests in a minute; 0 turns the limit off' }),
    Min(0),
    Max(1_000_000),
  );

/** Everything the gateway reads from its environment. */
export class GatewayConfig extends CatalogueConfig {
  override PORT = 3000;

  @DatabaseUrl()
  DATABASE_URL: string;

  @BrokerUrl()
  RABBITMQ_URL: string;

  /** Passed on to the product's frontend by GET /v1/plans; Billhook itself has no use for it. */
  @IsOptional()
  @StripeValue(['pk_test_', 'pk_live_'])
  STRIPE_PUBLISHABLE_KEY?: string;

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
  @AddressRanges()
  TRUSTED_PROXIES: string[] = [];

  /** Changes are counted over all replicas, reads by each. An office may share one address: its limits are wider. */
  @PerMinute()
  RATE_LIMIT_USER_CHANGES = 30;

  @PerMinute()
  RATE_LIMIT_ADDRESS_CHANGES = 300;

  @PerMinute()
  RATE_LIMIT_USER_READS = 1_200;

  @PerMinute()
  RATE_LIMIT_ADDRESS_READS = 6_000;
}
