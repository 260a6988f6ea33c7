import { AddressRanges, BrokerUrl, CommaSeparated, CommonConfig } from '@billhook/runtime';
import { Transform, Type } from 'class-transformer';
import { ArrayNotEmpty, IsBoolean, IsInt, IsOptional, Matches, Min, ValidateBy, ValidateIf } from 'class-validator';
import type { ValidationArguments } from 'class-validator';
import { readSecretsNow } from './signing-secrets.file.js';
import { signingSecretPattern } from './signing-secrets.js';

/** A file that is there and holds signing secrets now, and is the only source of them. */
function IsFileOfSecrets(): PropertyDecorator {
  const problemOf = (file: unknown, given?: ValidationArguments): string | undefined => {
    const isOnlySource = !(given?.object instanceof IngressConfig && given.object.STRIPE_WEBHOOK_SECRET !== undefined);
    if (!isOnlySource) return 'and STRIPE_WEBHOOK_SECRET are both set; set one of them';
    const reading = readSecretsNow(String(file));
    return reading.ok ? undefined : reading.problem;
  };
  const validator = {
    validate: (file: unknown, given?: ValidationArguments) => problemOf(file, given) === undefined,
    defaultMessage: (given?: ValidationArguments) => `$property ${problemOf(given?.value, given) ?? ''}`,
  };
  return ValidateBy({ name: 'isFileOfSecrets', validator });
}

/** Everything the ingress reads from its environment. No database, and no Stripe key: it can do nothing at Stripe. */
export class IngressConfig extends CommonConfig {
  override PORT = 3001;

  @BrokerUrl()
  RABBITMQ_URL: string;

  /** Several during a rotation: a delivery signed with any of them is Stripe's. */
  @ValidateIf((config: IngressConfig) => config.STRIPE_WEBHOOK_SECRET_FILE === undefined)
  @CommaSeparated()
  @ArrayNotEmpty({
    message: '$property needs the signing secret of the webhook endpoint, unless STRIPE_WEBHOOK_SECRET_FILE is set',
  })
  @Matches(signingSecretPattern, {
    each: true,
    message: '$property must hold signing secrets that begin with whsec_, without white space',
  })
  STRIPE_WEBHOOK_SECRET?: string[];

  /** Instead of STRIPE_WEBHOOK_SECRET: a file with the secrets, followed while the process runs. */
  @IsOptional()
  @IsFileOfSecrets()
  STRIPE_WEBHOOK_SECRET_FILE?: string;

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

  /** More are closed as they come: each idle one costs memory and a file descriptor until its ten seconds are over. */
  @Type(() => Number)
  @IsInt()
  @Min(1, { message: '$property must be a number of connections, at least 1' })
  MAX_CONNECTIONS = 4_096;
}

/** What the step that declares the topology reads. */
export class TopologyConfig {
  @BrokerUrl()
  RABBITMQ_URL: string;
}
