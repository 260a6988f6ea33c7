import { AuthenticatedConfig, BrokerUrl, CommaSeparated, DatabaseUrl, HttpUrl } from '@billhook/runtime';
import { applyDecorators } from '@nestjs/common';
import { ArrayNotEmpty, IsNotEmpty, IsString, Matches } from 'class-validator';

const base64Of32Bytes = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/;
const howToMake = 'openssl rand -base64 32 makes one';

/** One or more keys, comma-separated: the first is used, the others were before and still open what it takes them for. */
const KeyList = (): PropertyDecorator =>
  applyDecorators(
    CommaSeparated(),
    ArrayNotEmpty({ message: '$property must hold a key' }),
    Matches(base64Of32Bytes, {
      each: true,
      message: `$property must be 32 bytes in base64, or several such keys with commas between (${howToMake})`,
    }),
  );

const Key32 = (): PropertyDecorator =>
  Matches(base64Of32Bytes, { message: `$property must be 32 bytes in base64 (${howToMake})` });

/** Cookies are only as safe as the way they travel: plain http is for this machine. */
const secureOrigin = /^(https:\/\/[^/?#@*\s]+|http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?)$/;

/** The complete list of the audit service's settings. */
export class AuditConfig extends AuthenticatedConfig {
  override PORT = 3003;

  @DatabaseUrl()
  DATABASE_URL: string;

  @BrokerUrl()
  RABBITMQ_URL: string;

  /** Wraps the keys under which personal data is sealed. */
  @KeyList()
  AUDIT_MASTER_KEY: string[];

  /** Makes the tokens by which sealed values are found. Another key finds nothing of what was indexed before. */
  @Key32()
  AUDIT_INDEX_KEY: string;

  /** Seeds of Ed25519 keys: the first signs heads of the chain, the others have signed before. */
  @KeyList()
  AUDIT_CHECKPOINT_KEY: string[];

  /** A file that signed heads are written to: where whoever owns the database cannot write. */
  @IsString()
  @IsNotEmpty({ message: '$property must be a file outside the database that checkpoints are appended to' })
  AUDIT_CHECKPOINT_PATH: string;

  /** The console's own address as browsers see it, without a path: of the gateway's host, whose session cookie it takes. */
  @HttpUrl()
  @Matches(secureOrigin, { message: '$property must be an https origin without a path (http only on localhost)' })
  PUBLIC_URL: string;

  /** Where the console sends whoever is not signed in; `return_to` is added to its query. */
  @HttpUrl()
  SIGN_IN_URL: string;

  /** The subscription service, for its parked events: from here, not from browsers. */
  @HttpUrl()
  SUBSCRIPTION_URL: string;
}

/** What printing the public key reads. */
export class PublicKeyConfig {
  @KeyList()
  AUDIT_CHECKPOINT_KEY: string[];
}

/** What re-wrapping the keys under a new master key reads. */
export class RewrapConfig {
  @DatabaseUrl()
  DATABASE_URL: string;

  @KeyList()
  AUDIT_MASTER_KEY: string[];
}
