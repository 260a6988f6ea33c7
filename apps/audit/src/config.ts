import { AuthenticatedConfig, BrokerUrl, DatabaseUrl } from '@billhook/runtime';

/** The complete list of the audit service's settings. */
export class AuditConfig extends AuthenticatedConfig {
  override PORT = 3003;

  @DatabaseUrl()
  DATABASE_URL: string;

  @BrokerUrl()
  RABBITMQ_URL: string;
}
