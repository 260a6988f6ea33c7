import { managementAnswers, postgresVersion, rabbitmqVersion } from './answers.client.js';
import type { Infrastructure } from './infrastructure.js';

const names = ['DATABASE_ADMIN_URL', 'RABBITMQ_URL'] as const;

/** http://host:15672 with the credentials of the amqp URL: where RabbitMQ's management API is unless told otherwise. */
export function defaultManagementUrl(rabbitmqUrl: string): string {
  const { username, password, hostname } = new URL(rabbitmqUrl);
  return `http://${username || 'guest'}:${password || 'guest'}@${hostname}:15672`;
}

async function mustAnswer<T>(what: string, url: string, ask: (url: string) => Promise<T>): Promise<T> {
  try {
    return await ask(url);
  } catch (error) {
    const reason = error instanceof Error ? error.message || error.name : String(error);
    throw new Error(`${what} points to ${new URL(url).host}, which does not answer: ${reason}`, { cause: error });
  }
}

/** The servers named by DATABASE_ADMIN_URL and RABBITMQ_URL; undefined when neither is set. Starts and stops nothing. */
export async function serversFromEnvironment(
  environment: NodeJS.ProcessEnv,
  log: (line: string) => void,
): Promise<Infrastructure | undefined> {
  const databaseAdminUrl = environment['DATABASE_ADMIN_URL'];
  const rabbitmqUrl = environment['RABBITMQ_URL'];
  if (!databaseAdminUrl && !rabbitmqUrl) return undefined;
  if (!databaseAdminUrl || !rabbitmqUrl) {
    const [set, missing] = databaseAdminUrl ? names : [names[1], names[0]];
    throw new Error(`${set} is set but ${missing} is not: set both to use servers of your own, or neither`);
  }
  const rabbitmqManagementUrl = environment['RABBITMQ_MANAGEMENT_URL'] || defaultManagementUrl(rabbitmqUrl);
  const postgres = await mustAnswer('DATABASE_ADMIN_URL', databaseAdminUrl, postgresVersion);
  const rabbitmq = await mustAnswer('RABBITMQ_URL', rabbitmqUrl, rabbitmqVersion);
  await mustAnswer('RABBITMQ_MANAGEMENT_URL (needed to make virtual hosts)', rabbitmqManagementUrl, managementAnswers);
  log(`using PostgreSQL ${postgres} and RabbitMQ ${rabbitmq} from DATABASE_ADMIN_URL and RABBITMQ_URL`);
  return { databaseAdminUrl, rabbitmqUrl, rabbitmqManagementUrl, source: 'environment', stop: () => Promise.resolve() };
}
