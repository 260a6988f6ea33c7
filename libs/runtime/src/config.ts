import { plainToInstance, Transform, Type } from 'class-transformer';
import {
  getMetadataStorage,
  IsIn,
  IsInt,
  IsNotEmpty,
  IsOptional,
  IsString,
  IsUrl,
  Matches,
  Max,
  Min,
  ValidateIf,
  validateSync,
} from 'class-validator';
import { applyDecorators } from '@nestjs/common';

/** Thrown once for all problems of an environment, so that an operator mends them in one go. */
export class ConfigInvalid extends Error {
  override readonly name = 'ConfigInvalid';
  constructor(
    readonly service: string,
    readonly problems: string[],
  ) {
    super(
      [
        `${service} cannot start: ${problems.length} setting${problems.length === 1 ? '' : 's'} to mend (see .env.example).`,
        ...problems.map((problem) => `  - ${problem}`),
      ].join('\n'),
    );
  }
}

/** The names an app reads from its environment: what `.env.example` must list. */
export function settingNames(Config: new () => object): string[] {
  const metadata = getMetadataStorage().getTargetValidationMetadatas(Config, '', false, false);
  return [...new Set(metadata.map((each) => each.propertyName))].toSorted();
}

/**
 * Parses an environment into `Config`. An empty value counts as missing: `STRIPE_WEBHOOK_SECRET=` in a file is a forgotten
 * secret, not a chosen one. Throws ConfigInvalid with every problem. Values are never repeated in the message.
 */
export function loadConfig<T extends object>(
  Config: new () => T,
  environment: Record<string, string | undefined>,
  service: string,
): T {
  const given = settingNames(Config).flatMap((name) => {
    const value = environment[name];
    return value === undefined || value.trim() === '' ? [] : [[name, value] as const];
  });
  const present = new Set(given.map(([name]) => name));
  const config = plainToInstance(Config, Object.fromEntries(given), { exposeDefaultValues: true });
  const problems = validateSync(config, { validationError: { target: false, value: false } }).map((error) => {
    const found = [...new Set(Object.values(error.constraints ?? {}))];
    return present.has(error.property) ? found.join('; ') : missing(error.property, found);
  });
  if (problems.length > 0) throw new ConfigInvalid(service, problems);
  return config;
}

/** One rule says enough about a value that is not there; the last decorator is the most particular one. */
function missing(name: string, rules: string[]): string {
  const [rule = ''] = rules;
  return `${name} is missing: it ${rule.replace(new RegExp(`^${name} `), '')}`;
}

/**
 * For `main.ts` and commands: prints what is wrong and exits, since a half-configured billing service must not start. With 1, unless
 * that means something else of this command.
 */
export function loadConfigOrExit<T extends object>(Config: new () => T, service: string, exitCode = 1): T {
  try {
    return loadConfig(Config, process.env, service);
  } catch (error) {
    if (!(error instanceof ConfigInvalid)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(exitCode);
  }
}

const localUrl = { require_tld: false, require_protocol: true, allow_underscores: true } as const;

/** `postgres://user:password@host:port/database` */
export const DatabaseUrl = (): PropertyDecorator =>
  applyDecorators(
    IsUrl(
      { ...localUrl, protocols: ['postgres', 'postgresql'] },
      { message: '$property must be a URL such as postgres://user:password@host:5432/database' },
    ),
  );

/** `amqp://user:password@host:port/vhost` */
export const BrokerUrl = (): PropertyDecorator =>
  applyDecorators(
    IsUrl(
      { ...localUrl, protocols: ['amqp', 'amqps'] },
      { message: '$property must be a URL such as amqp://user:password@host:5672' },
    ),
  );

/** An http(s) URL; a trailing slash is taken off, so that paths can be appended. */
export const HttpUrl = (message = '$property must be an http or https URL'): PropertyDecorator =>
  applyDecorators(
    Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.replace(/\/+$/, '') : value)),
    IsUrl({ ...localUrl, protocols: ['http', 'https'] }, { message }),
  );

/** A value that must begin as Stripe writes it (`sk_`, `whsec_`, `price_`), without white space, which breaks signatures. */
export const StripeValue = (prefixes: string[]): PropertyDecorator =>
  applyDecorators(
    Matches(new RegExp(`^(${prefixes.join('|')})[A-Za-z0-9_]+$`), {
      message: `$property must begin with ${prefixes.join(' or ')} and contain no white space`,
    }),
  );

/** Comma-separated text as a list; spaces around the commas are dropped. */
export const CommaSeparated = (): PropertyDecorator =>
  applyDecorators(
    Transform(({ value }: { value: unknown }) =>
      typeof value === 'string'
        ? value
            .split(',')
            .map((part) => part.trim())
            .filter((part) => part !== '')
        : value,
    ),
  );

const addressOrRange = /^[0-9a-fA-F:.]+(\/\d{1,3})?$/;

/** Comma-separated IP addresses and CIDR ranges, as a list. */
export const AddressRanges = (): PropertyDecorator =>
  applyDecorators(
    CommaSeparated(),
    Matches(addressOrRange, { each: true, message: '$property must list IP addresses or CIDR ranges' }),
  );

/** What every process reads. Apps override `PORT` with their own default. */
export class CommonConfig {
  @IsOptional()
  @IsString()
  NODE_ENV = 'development';

  @IsIn(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
  LOG_LEVEL = 'info';

  /** Loopback unless told otherwise: nothing is served to a network by accident. */
  @IsNotEmpty()
  @IsString()
  HOST = '127.0.0.1';

  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(65_535)
  PORT = 3000;

  /** Health and metrics, never on the public port. */
  @ValidateIf((config: CommonConfig) => config.MANAGEMENT_PORT !== undefined)
  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(65_535)
  MANAGEMENT_PORT?: number;

  get managementPort(): number {
    return this.MANAGEMENT_PORT ?? this.PORT + 10;
  }
}

/** For services that accept the identity provider's tokens. Exactly one source of keys. */
export class AuthenticatedConfig extends CommonConfig {
  @IsString()
  @IsNotEmpty({ message: '$property must be the iss claim of your identity provider' })
  AUTH_ISSUER: string;

  @IsString()
  @IsNotEmpty({ message: '$property must be the aud claim that tokens for Billhook carry' })
  AUTH_AUDIENCE: string;

  @ValidateIf((config: AuthenticatedConfig) => config.AUTH_PUBLIC_KEY === undefined)
  @HttpUrl('$property must be an http or https URL, unless AUTH_PUBLIC_KEY is set')
  AUTH_JWKS_URL?: string;

  /** A PEM public key (SPKI), instead of AUTH_JWKS_URL. `\n` in the value stands for a line break. */
  @IsOptional()
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.replaceAll('\\n', '\n') : value))
  @Matches(/^-----BEGIN PUBLIC KEY-----/, { message: '$property must be a PEM public key (BEGIN PUBLIC KEY)' })
  AUTH_PUBLIC_KEY?: string;
}
