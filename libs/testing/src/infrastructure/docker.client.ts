import type { Infrastructure, InfrastructureOptions } from './infrastructure.js';

const postgresImage = 'postgres:18-alpine';
const rabbitmqImage = 'rabbitmq:4-management';

type DockerAttempt =
  { kind: 'up'; infrastructure: Infrastructure } | { kind: 'absent' } | { kind: 'failed'; reason: string };

/** Testcontainers throws this at once where there is no engine to talk to. */
const noEngine = 'Could not find a working container runtime strategy';

/** The same servers as containers. Testcontainers' own reaper removes them if this process is killed. */
export async function startContainers({ log, isDurable = false }: InfrastructureOptions): Promise<DockerAttempt> {
  // Loaded only here: two seconds of modules that nobody needs in the other modes.
  const { PostgreSqlContainer } = await import('@testcontainers/postgresql');
  const { RabbitMQContainer } = await import('@testcontainers/rabbitmq');
  const startedAt = performance.now();
  const plain = new PostgreSqlContainer(postgresImage).withDatabase('postgres');
  const postgresContainer = isDurable ? plain.withCommand(['postgres', '-c', 'shared_buffers=256MB']) : plain;
  const results = await Promise.allSettled([
    postgresContainer.start(),
    new RabbitMQContainer(rabbitmqImage).withExposedPorts(5672, 15672).start(),
  ]);
  const [postgres, rabbitmq] = results;
  const stop = async (): Promise<void> => {
    for (const result of results) if (result.status === 'fulfilled') await result.value.stop();
  };
  if (postgres.status === 'rejected' || rabbitmq.status === 'rejected') {
    await stop();
    const reason: unknown = postgres.status === 'rejected' ? postgres.reason : 'reason' in rabbitmq && rabbitmq.reason;
    const text = reason instanceof Error ? reason.message : String(reason);
    return text.includes(noEngine) ? { kind: 'absent' } : { kind: 'failed', reason: text };
  }
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  log(`containers ${postgresImage} and ${rabbitmqImage} up in ${seconds} s`);
  const [pg, mq] = [postgres.value, rabbitmq.value];
  const managementUrl = `http://guest:guest@${mq.getHost()}:${mq.getMappedPort(15672)}`;
  return {
    kind: 'up',
    infrastructure: {
      databaseAdminUrl: pg.getConnectionUri(),
      rabbitmqUrl: `amqp://guest:guest@${mq.getHost()}:${mq.getMappedPort(5672)}`,
      rabbitmqManagementUrl: managementUrl,
      source: 'docker',
      stop,
    },
  };
}
