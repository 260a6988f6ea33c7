import { ValidationPipe } from '@nestjs/common';
import type { DynamicModule, INestApplicationContext, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { CustomTransportStrategy } from '@nestjs/microservices';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { getMetadataStorage } from 'class-validator';
import type { ValidationError } from 'class-validator';
import { randomUUID } from 'node:crypto';
import type { FastifyHttpOptions } from 'fastify';
import type { Server } from 'node:http';
import { Logger } from 'nestjs-pino';
import type { CommonConfig } from './config.js';
import { Refused } from './errors.js';
import { loggingModule } from './logging.module.js';
import { ManagementModule } from './management.module.js';
import type { ReadinessCheck } from './management.module.js';
import { answerClientError } from './client-error.js';
import { Connections } from './draining.js';
import { ProblemFilter } from './problem.filter.js';

export interface ServiceOptions {
  name: string;
  config: CommonConfig;
  module: Type<unknown> | DynamicModule;
  /** Checked by `/health/ready`, by name. */
  readiness: (app: INestApplicationContext) => Record<string, ReadinessCheck>;
  /** Queues this service consumes. */
  consumers?: (app: INestApplicationContext) => CustomTransportStrategy[];
  /** Plugins, parsers, CORS: before the app listens. */
  configure?: (app: NestFastifyApplication) => Promise<void> | void;
  fastify?: Omit<FastifyHttpOptions<Server>, 'logger' | 'loggerInstance'>;
  /** Off where the service writes its own line per request. */
  logRequests?: boolean;
  /** Off where `configure` brings its own body parsers. */
  parseBodies?: boolean;
  /** How long a process that was told to end goes on answering, in milliseconds. Default 500. */
  graceMs?: number;
}

export interface RunningService {
  app: NestFastifyApplication;
  /** Base URLs, with the port the system chose where the setting was 0. */
  url: string;
  managementUrl: string;
  /**
   * The first part of a stop under load: is not ready any more, takes nothing from its queues, answers for a grace whoever
   * comes all the same, and lets go of each connection with its answer. No connection is reset by the `stop` that follows.
   */
  drain(): Promise<void>;
  /** Takes nothing new, finishes what is in hand, closes everything. */
  stop(): Promise<void>;
}

/** Fastify has no limit on how long a request may take to arrive; Node's own default is five minutes. */
const requestTimeoutMs = 10_000;
/** Node looks for overdue requests only so often; its default of 30 s would make the limit above a loose one. */
const overdueCheckMs = 1_000;
const maxHeaderBytes = 16 * 1024;
const maxBodyBytes = 1024 * 1024;
const defaultGraceMs = 500;
/** Exit within ten seconds is promised. Whatever waits during the stop has a shorter limit of its own. */
const shutdownDeadlineMs = 9_500;

/** Starts a service in this process without touching its signals: what specs use. */
export async function startService(options: ServiceOptions): Promise<RunningService> {
  const { config } = options;
  let stopping = false;
  const app = await createApp(options);
  const consumers = options.consumers?.(app) ?? [];
  // Handlers are wrapped in this very call: filters that are added to its result would come too late.
  for (const strategy of consumers) app.connectMicroservice({ strategy }, { inheritAppConfig: true });
  const connections = new Connections(app.getHttpAdapter().getInstance().server);
  letGoOfConnections(app, () => stopping);
  const management = await createManagement(options.readiness(app), () => stopping);
  try {
    await management.listen(config.managementPort, config.HOST);
    await app.startAllMicroservices();
    await app.listen(config.PORT, config.HOST);
  } catch (error) {
    await Promise.allSettled([app.close(), management.close()]);
    throw error;
  }
  const url = await app.getUrl();
  app.get(Logger).log({ msg: `${options.name} listens on ${url}`, management: await management.getUrl() });
  return {
    app,
    url,
    managementUrl: await management.getUrl(),
    async drain() {
      stopping = true;
      const queuesLeft = consumers.map(async (strategy) => {
        await strategy.close();
      });
      await Promise.all([connections.drain(options.graceMs ?? defaultGraceMs), ...queuesLeft]);
    },
    async stop() {
      stopping = true;
      await app.close();
      await management.close();
    },
  };
}

/**
 * The whole life of a service's process: starts it, stops it on SIGTERM or SIGINT, and exits. A signal that comes during the
 * start is heeded as soon as there is something to stop.
 */
export async function runService(options: ServiceOptions): Promise<void> {
  const signalled = Promise.withResolvers<void>();
  process.once('SIGTERM', () => signalled.resolve());
  process.once('SIGINT', () => signalled.resolve());
  const service = await startService(options).catch((error: unknown) => exitWith(options.name, error));
  await signalled.promise;
  setTimeout(() => exitWith(options.name, new Error('did not stop in time')), shutdownDeadlineMs);
  try {
    await service.drain();
    await service.stop();
  } catch (error) {
    exitWith(options.name, error);
  }
  process.exit(0);
}

async function createApp(options: ServiceOptions): Promise<NestFastifyApplication> {
  const { config } = options;
  const root: DynamicModule = {
    module: class ServiceRoot {},
    imports: [
      loggingModule({ name: options.name, level: config.LOG_LEVEL, logRequests: options.logRequests ?? true }),
      'module' in options.module ? options.module : { module: options.module },
    ],
  };
  const app = await NestFactory.create<NestFastifyApplication>(root, new FastifyAdapter(fastifyOptions(options)), {
    bufferLogs: true,
    bodyParser: options.parseBodies ?? true,
    abortOnError: false,
  });
  app.useLogger(app.get(Logger));
  app.useGlobalFilters(new ProblemFilter());
  app.useGlobalPipes(requestValidation());
  await options.configure?.(app);
  return app;
}

/**
 * A kept-alive connection whose request is still being answered when the server closes would hold it open for Fastify's whole
 * keep-alive time, 72 s: its client is told to let go instead.
 */
function letGoOfConnections(app: NestFastifyApplication, isStopping: () => boolean): void {
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onSend', (_request, reply, payload, done) => {
      if (isStopping()) void reply.header('connection', 'close');
      done(null, payload);
    });
}

function fastifyOptions(options: ServiceOptions): FastifyHttpOptions<Server> {
  return {
    bodyLimit: maxBodyBytes,
    requestTimeout: requestTimeoutMs,
    http: {
      maxHeaderSize: maxHeaderBytes,
      headersTimeout: requestTimeoutMs,
      connectionsCheckingInterval: overdueCheckMs,
    },
    clientErrorHandler: answerClientError,
    genReqId: () => randomUUID(),
    return503OnClosing: true,
    forceCloseConnections: 'idle',
    ...options.fastify,
  };
}

/** Unknown fields are refused, not dropped: a client that sends `user_id` should learn that it has no effect here. */
function requestValidation(): ValidationPipe {
  return new ValidationPipe({
    transform: true,
    whitelist: true,
    forbidNonWhitelisted: true,
    // The class whose fields an answer names; nothing of the object itself is shown.
    validationError: { target: true },
    exceptionFactory: (errors) => new Refused('request_invalid', [...new Set(errors.flatMap(complaintsOf))].join('; ')),
  });
}

function complaintsOf({ constraints, property, target, children }: ValidationError): string[] {
  const { whitelistValidation, ...others } = constraints ?? {};
  if (whitelistValidation === undefined) return [...Object.values(others), ...(children ?? []).flatMap(complaintsOf)];
  return [`there is no ${property} here; allowed: ${fieldNames(target).join(', ')}`];
}

function fieldNames(request: object | undefined): string[] {
  if (request === undefined) return [];
  const metadata = getMetadataStorage().getTargetValidationMetadatas(request.constructor, '', false, false);
  return [...new Set(metadata.map((each) => each.propertyName))];
}

function createManagement(
  checks: Record<string, ReadinessCheck>,
  isStopping: () => boolean,
): Promise<NestFastifyApplication> {
  const process: ReadinessCheck = () =>
    Promise.resolve(isStopping() ? { up: false, detail: 'shutting down' } : { up: true });
  return NestFactory.create<NestFastifyApplication>(
    ManagementModule.with({ process, ...checks }),
    new FastifyAdapter({ requestTimeout: requestTimeoutMs, forceCloseConnections: true }),
    { logger: ['error', 'warn'], abortOnError: false },
  );
}

function exitWith(name: string, error: unknown): never {
  process.stderr.write(`${name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(1);
}
