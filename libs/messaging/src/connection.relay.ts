import { connect } from 'amqplib';
import type { ChannelModel, RecoveringChannelModel } from 'amqplib';
import { once } from 'node:events';
import { Socket } from 'node:net';
import { Duplex } from 'node:stream';
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

const heartbeatSeconds = 5;
/**
 * The broker sends a heartbeat when it has sent nothing for half that time, so that no such time ever passes without a byte.
 * amqplib would give it two to three times as long, in which a half-open connection delivers nothing.
 */
const lateHeartbeatChecks = 2;
const silenceCheckMs = 1_000;
const connectTimeoutMs = 5_000;
const firstDelayMs = 100;
const longestDelayMs = 2_000;
/** Channels, consumers and a first look at the queues; a broker that takes longer is tried again from the start. */
const setUpTimeoutMs = 10_000;
/** A frozen broker never answers Close. */
const closeTimeoutMs = 1_000;
/** Time for the last frame to leave; after it a peer that is gone must not keep the socket and its unsent bytes. */
const hangUpAfterMs = 1_000;

/** Resolves at once: a service starts while its broker is down and joins when it comes. */
export async function openBrokerConnection(options: BrokerConnectionOptions): Promise<BrokerConnection> {
  const { connectionName, log } = options;
  let current: ChannelModel | undefined;
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
      setup: (model: ChannelModel) => {
        current = model;
        hangUpWhenSilent(model, options);
        return setUp(model, options);
      },
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
  return { close: () => closeWithin(connection, current, log) };
}

/**
 * Until set-up has ended amqplib listens neither for `error`, which would end the process, nor for `close`: it would take a
 * connection that died meanwhile for a live one, and never look for another. It also waits without limit for the closing of one
 * whose set-up failed, so that one is hung up here.
 */
async function setUp(model: ChannelModel, { setup, connectionName, log }: BrokerConnectionOptions): Promise<void> {
  gatherWrites(socketOf(model));
  const lost = Promise.withResolvers<never>();
  const note = (error: Error): void => log.warn({ connectionName, error: error.message }, 'broker set-up failed');
  const lose = (error?: Error): void => lost.reject(error ?? new Error('the connection was closed during its set-up'));
  const timer = setTimeout(() => lose(new Error('the broker did not finish the set-up in time')), setUpTimeoutMs);
  model.on('error', note);
  model.on('close', lose);
  model.once('close', () => void setTimeout(() => socketOf(model)?.destroy(), hangUpAfterMs).unref());
  try {
    await Promise.race([setup(model), lost.promise]);
  } catch (error) {
    await hangUp(model);
    throw error;
  } finally {
    clearTimeout(timer);
    model.removeListener('close', lose);
    model.removeListener('error', note);
  }
}

/** amqplib writes every frame by itself: two or three system calls for a message. What it writes in one turn leaves as one. */
function gatherWrites(socket: Duplex | undefined): void {
  if (socket === undefined) return;
  // oxlint-disable-next-line typescript/unbound-method -- Reflect.apply hands it its socket
  socket.write = new Proxy(socket.write, {
    apply: (write, self, parameters) => {
      if (socket.writableCorked === 0) {
        socket.cork();
        process.nextTick(() => socket.uncork());
      }
      const hasRoom: unknown = Reflect.apply(write, self, parameters);
      return hasRoom;
    },
  });
}

/** In checks and not by the clock: an event loop that stood still has not read yet what has long arrived. */
function hangUpWhenSilent(model: ChannelModel, { url, connectionName, log }: BrokerConnectionOptions): void {
  const socket = socketOf(model);
  const heartbeat = Number(new URL(withHeartbeat(url)).searchParams.get('heartbeat'));
  if (!(socket instanceof Socket) || !(heartbeat > 0)) return;
  let lastRead = socket.bytesRead;
  let silent = 0;
  const timer = setInterval(() => {
    silent = socket.bytesRead === lastRead ? silent + 1 : 0;
    lastRead = socket.bytesRead;
    if (silent < heartbeat + lateHeartbeatChecks) return;
    clearInterval(timer);
    log.warn({ connectionName }, 'the broker is silent, dropping the connection');
    socket.destroy(new Error('the broker is silent'));
  }, silenceCheckMs).unref();
  socket.once('close', () => clearInterval(timer));
}

/** Ends a connection without asking the broker; whatever was not confirmed fails. */
async function hangUp(model: ChannelModel): Promise<void> {
  const socket = socketOf(model);
  if (socket === undefined || socket.destroyed) return;
  const closed = once(socket, 'close').catch(() => undefined);
  socket.destroy(new Error('hung up'));
  await closed;
}

/** amqplib has no way to give a connection up, and does not declare its socket. */
function socketOf(model: ChannelModel): Duplex | undefined {
  const connection: object = model.connection;
  return 'stream' in connection && connection.stream instanceof Duplex ? connection.stream : undefined;
}

function withHeartbeat(url: string): string {
  const parsed = new URL(url);
  if (!parsed.searchParams.has('heartbeat')) parsed.searchParams.set('heartbeat', String(heartbeatSeconds));
  return parsed.toString();
}

async function closeWithin(
  connection: RecoveringChannelModel,
  model: ChannelModel | undefined,
  log: MessagingLog,
): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<'late'>();
  const timer = setTimeout(() => resolve('late'), closeTimeoutMs);
  const ended = await Promise.race([connection.close(), late]);
  clearTimeout(timer);
  if (ended !== 'late') return;
  log.warn({}, 'the broker did not answer the closing of its connection');
  if (model !== undefined) await hangUp(model);
}
