import { AddressRanges, BrokerUrl, CommaSeparated, CommonConfig } from '@billhook/runtime';
import { Transform } from 'class-transformer';
import { ArrayNotEmpty, IsBoolean, IsOptional, Matches } from 'class-validator';

/** Everything the ingress reads from its environment. No database, and no Stripe key: it can do nothing at Stripe. */
export class IngressConfig extends CommonConfig {
  override PORT = 3001;

  @BrokerUrl()
  RABBITMQ_URL: string;

  /** Several during a rotation: a delivery signed with any of them is Stripe's. */
  @CommaSeparated()
  @ArrayNotEmpty({ message: '$property needs the signing secret of the webhook endpoint' })
  @Matches(/^whsec_[A-Za-z0-9+/=_]+$/, {
    each: true,
    message: '$property must hold signing secrets that begin with whsec_, without white space',
  })
  STRIPE_WEBHOOK_SECRET: string[];

  /** No default: a live deployment that forgot it would ignore its customers' payments. */
  @Transform(({ value }: { value: unknown }) => (value === 'true' ? true : value === 'false' ? false : value))
  @IsBoolean({ message: '$property must be true (live events) or false (test events)' })
  STRIPE_LIVEMODE: boolean;

  /** Stripe names the account only on events of connected accounts; all but this one are ignored. */
  @IsOptional()
  @Matches(/^acct_[A-Za-z0-9_]+$/, { message: '$property must begin with acct_' })
  STRIPE_ACCOUNT_ID?: string;

  /** Only these may say in X-Forwarded-For where a request came from. */
  @AddressRanges()
  TRUSTED_PROXIES: string[] = [];
}

/** What the step that declares the topology reads. */
export class TopologyConfig {
  @BrokerUrl()
  RABBITMQ_URL: string;
}
