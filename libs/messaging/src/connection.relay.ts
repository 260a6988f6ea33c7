import { connect } from 'amqplib';
import type { ChannelModel, RecoveringChannelModel } from 'amqplib';
import type { MessagingLog } from './log.js';

export interface BrokerConnectionOptions {
  url: string;
  /** Seen by operators in the broker's list of connections. */
  connectionName: string;
  /** Makes channels and consumers; runs again after every reconnect, since neither survives one. */
  setup: (model: ChannelModel) => Promise<void>;
  onDown: () => void;
  onBlocked?: (isBlocked: boolean) => void;
  log: MessagingLog;
}

export interface BrokerConnection {
  close(): Promise<void>;
}

/** Lost peers are noticed after about two missed heartbeats. */
const heartbeatSeconds = 5;
const connectTimeoutMs = 5_000;
const firstDelayMs = 100;
const longestDelayMs = 2_000;
/** A frozen broker never answers Close. */
const closeTimeoutMs = 2_000;

/** Resolves at once: a service starts while its broker is down and joins when it comes. */
export async function openBrokerConnection(options: BrokerConnectionOptions): Promise<BrokerConnection> {
  const { connectionName, log } = options;
  const connection = await connect(withHeartbeat(options.url), {
    // Nagle's algorithm and delayed acknowledgements together make every confirmed publish wait some 40 ms.
    noDelay: true,
    keepAlive: true,
    timeout: connectTimeoutMs,
    clientProperties: { connection_name: connectionName },
    recovery: {
      initialDelay: firstDelayMs,
      maxDelay: longestDelayMs,
      waitForConnect: false,
      setup: (model: ChannelModel) => setUp(model, options),
    },
  });
  connection.on('connect', () => log.info({ connectionName }, 'connected to the broker'));
  connection.on('connect-failed', (error) => log.warn({ connectionName, error: error.message }, 'no broker'));
  connection.on('disconnect', (error) => {
    log.warn({ connectionName, error: error.message }, 'lost the broker');
    options.onDown();
  });
  connection.on('error', (error) => log.warn({ connectionName, error: error.message }, 'broker connection failed'));
  connection.on('blocked', (reason) => {
    log.warn({ connectionName, reason }, 'the broker blocks publishers');
    options.onBlocked?.(true);
  });
  connection.on('unblocked', () => options.onBlocked?.(false));
  return { close: () => closeWithin(connection, log) };
}

/** Until setup has ended nobody else listens for `error`, and an unheard one would end the process. */
async function setUp(model: ChannelModel, { setup, connectionName, log }: BrokerConnectionOptions): Promise<void> {
  const note = (error: Error): void => log.warn({ connectionName, error: error.message }, 'broker set-up failed');
  model.on('error', note);
  await setup(model);
  model.removeListener('error', note);
}

function withHeartbeat(url: string): string {
  const parsed = new URL(url);
  if (!parsed.searchParams.has('heartbeat')) parsed.searchParams.set('heartbeat', String(heartbeatSeconds));
  return parsed.toString();
}

async function closeWithin(connection: RecoveringChannelModel, log: MessagingLog): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<'late'>();
  const timer = setTimeout(() => resolve('late'), closeTimeoutMs);
  const ended = await Promise.race([connection.close(), late]);
  clearTimeout(timer);
  if (ended === 'late') log.warn({}, 'the broker did not answer the closing of its connection');
}
