import { startContainers } from './docker.client.js';
import { serversFromEnvironment } from './environment.client.js';
import { startLocalServers } from './local.process.js';

/** A PostgreSQL and a RabbitMQ, wherever they come from. */
export interface Infrastructure {
  /** superuser URL of the PostgreSQL server, database `postgres` */
  databaseAdminUrl: string;
  /** amqp URL of the broker's default virtual host */
  rabbitmqUrl: string;
  /** base of the management API, credentials in the URL */
  rabbitmqManagementUrl: string;
  source: 'environment' | 'docker' | 'local';
  /** Ends what was started here, and only that. */
  stop(): Promise<void>;
}

export interface InfrastructureOptions {
  /** progress, one line at a time, without a line break */
  log: (line: string) => void;
  /**
   * PostgreSQL with its own defaults for durability (fsync, synchronous commit, full page writes) instead of the tests' haste,
   * and 256 MB of shared buffers: for measuring. Servers from the environment are as their owner set them up.
   */
  isDurable?: boolean;
}

/** The three ways, first match wins: servers named in the environment, a Docker engine, local programs. */
export async function startInfrastructure(options: InfrastructureOptions): Promise<Infrastructure> {
  const { log } = options;
  const named = await serversFromEnvironment(process.env, log);
  if (named) return named;
  const docker = await startContainers(options);
  switch (docker.kind) {
    case 'up':
      return docker.infrastructure;
    case 'absent':
      log('no Docker engine answers: using local programs');
      break;
    case 'failed':
      log(`Docker could not start the servers, using local programs instead: ${docker.reason}`);
      break;
    default:
      docker satisfies never;
  }
  try {
    return await startLocalServers(options);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `PostgreSQL and RabbitMQ are needed: set DATABASE_ADMIN_URL and RABBITMQ_URL, or start a Docker engine, or install ` +
        `rabbitmq-server (${reason})`,
      { cause: error },
    );
  }
}
