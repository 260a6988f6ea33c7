import {
  freePortPair,
  projectFile,
  startCableProxy,
  startServiceProcess,
  startTestIdentityProvider,
  waitFor,
} from '@billhook/testing';
import type { CableProxy, Infrastructure, Reaper, ServiceProcess, TestIdentityProvider } from '@billhook/testing';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { startPretendStripe } from '../../apps/subscription/src/pretend-stripe.spec-support.js';
import type { PretendStripe } from '../../apps/subscription/src/pretend-stripe.spec-support.js';
import { runDeployStep } from '../../demo/src/deploy-step.process.js';
import { preparePlace } from '../../demo/src/place.store.js';
import type { Place } from '../../demo/src/place.store.js';
import { settingsFor } from '../../demo/src/settings.js';
import type { Settings } from '../../demo/src/settings.js';
import { madeUpCredentials, managementDistance } from '../../demo/src/system.js';
import type { ServiceName } from '../../demo/src/system.js';

export const owners = ['gateway', 'subscription', 'audit'] as const;
export type Owner = (typeof owners)[number];
export const services: readonly ServiceName[] = ['webhook-ingress', 'subscription', 'audit', 'gateway'];

export interface StartOptions {
  /** `<point>:<nth>` for CRASH_AT. */
  crash?: string | undefined;
  /** Counted from the SIGUSR2 that arms it. */
  isCrashArmedLater?: boolean;
  /** Other preloads of libs/testing/src/crash, by name: `stall`, `clock`. */
  preload?: 'stall' | 'clock';
  settings?: Settings;
  nodeArguments?: readonly string[];
  /** Not waited for: whatever it needs may be down. */
  isReadyLater?: boolean;
}

/** One running process of a service. */
export interface Replica {
  service: ServiceName;
  /** Such as `subscription-1`; a process that takes another's place keeps its name. */
  name: string;
  url: string;
  managementUrl: string;
  process: ServiceProcess;
  crash: string | undefined;
  hasEnded(): boolean;
}

export interface SystemOptions {
  infrastructure: Infrastructure;
  reaper: Reaper;
  /** Logs go into a folder inside. */
  folder: string;
}

/**
 * The services as processes from `dist`, each reaching its servers by cables of its own kind, on a database and a virtual host
 * of this system; with a pretend Stripe to ask and an identity provider for ops.
 */
export class FaultSystem {
  readonly replicas = new Map<string, Replica>();
  readonly webhookSecret = madeUpCredentials.webhookSecret;
  private count = 0;

  private constructor(
    readonly options: SystemOptions,
    readonly logFolder: string,
    readonly place: Place,
    readonly admin: pg.Pool,
    readonly stripe: PretendStripe,
    readonly identities: TestIdentityProvider,
    private readonly brokerCables: ReadonlyMap<ServiceName, CableProxy>,
    private readonly databaseCables: ReadonlyMap<ServiceName, CableProxy>,
  ) {}

  static async create(options: SystemOptions): Promise<FaultSystem> {
    // Names of its own, also on servers that nobody else uses: several systems may stand there one after the other.
    const place = await preparePlace({ ...options.infrastructure, source: 'environment' });
    const logFolder = join(options.folder, `logs-${new URL(place.rabbitmqUrl).pathname.slice(1)}`);
    mkdirSync(logFolder);
    const cable = (url: string): Promise<CableProxy> => startCableProxy(url);
    const [brokers, databases, stripe, identities] = await Promise.all([
      Promise.all(services.map(async (name) => [name, await cable(place.rabbitmqUrl)] as const)),
      Promise.all(owners.map(async (name) => [name, await cable(place.databaseUrls[name])] as const)),
      startPretendStripe(),
      startTestIdentityProvider(),
    ]);
    const system = new FaultSystem(
      options,
      logFolder,
      place,
      adminPool(place),
      stripe,
      identities,
      new Map(brokers),
      new Map<ServiceName, CableProxy>(databases),
    );
    await runDeployStep(place, { reaper: options.reaper, logFolder });
    return system;
  }

  /** Starts one more process of a service, or the next one under a name. */
  async start(service: ServiceName, options: StartOptions = {}, name = this.nextName(service)): Promise<Replica> {
    const port = await freePortPair(managementDistance);
    const launched = startServiceProcess({
      reaper: this.options.reaper,
      name,
      script: `apps/${service}/src/main.js`,
      settings: { ...this.settingsOf(service, port), ...preloadSettings(options), ...options.settings },
      logFile: join(this.logFolder, `${name}.log`),
      nodeArguments: [...preloads(options), ...(options.nodeArguments ?? [])],
    });
    let isOver = false;
    const over = (): boolean => (isOver = true);
    launched.ended.then(over, over);
    const replica: Replica = {
      service,
      name,
      url: `http://127.0.0.1:${port}`,
      managementUrl: `http://127.0.0.1:${port + managementDistance}`,
      process: launched,
      crash: options.crash,
      hasEnded: () => isOver,
    };
    // As behind a load balancer, nobody is sent to a process that has never been ready.
    if (options.isReadyLater !== true) await launched.untilReady(`${replica.managementUrl}/health/ready`);
    this.replicas.set(name, replica);
    return replica;
  }

  /** All processes of a service share its cable to a server. */
  cable(to: 'broker' | 'database', of: ServiceName): CableProxy {
    const found = (to === 'broker' ? this.brokerCables : this.databaseCables).get(of);
    if (found === undefined) throw new Error(`${of} has no cable to a ${to}`);
    return found;
  }

  replicasOf(service: ServiceName): Replica[] {
    return [...this.replicas.values()].filter((replica) => replica.service === service && !replica.hasEnded());
  }

  /** SIGTERM; resolves with how it ended and how long that took. */
  async stop(replica: Replica): Promise<{ how: unknown; ms: number }> {
    const startedAt = performance.now();
    this.replicas.delete(replica.name);
    replica.process.kill('SIGTERM');
    const how = await replica.process.ended;
    return { how, ms: performance.now() - startedAt };
  }

  async query<T extends object = Record<string, unknown>>(sql: string, values: unknown[] = []): Promise<T[]> {
    return (await this.admin.query<T>(sql, values)).rows;
  }

  async countOf(sql: string, values: unknown[] = []): Promise<number> {
    const [row] = await this.query<{ n: string }>(`SELECT count(*) AS n FROM ${sql}`, values);
    return Number(row?.n ?? 0);
  }

  /** Every line of every log. */
  logs(): string {
    return readdirSync(this.logFolder)
      .map((file) => readFileSync(join(this.logFolder, file), 'utf8'))
      .join('\n');
  }

  /** RabbitMQ's management API, about this system's virtual host: `queues`, `connections`. */
  async broker(what: string): Promise<Record<string, unknown>[]> {
    const { origin, username, password } = new URL(this.options.infrastructure.rabbitmqManagementUrl);
    const credentials = Buffer.from(`${username}:${password}`).toString('base64');
    const vhost = new URL(this.place.rabbitmqUrl).pathname.slice(1);
    const path = what === 'connections' ? `vhosts/${vhost}/connections` : `${what}/${vhost}`;
    const response = await fetch(`${origin}/api/${path}`, { headers: { authorization: `Basic ${credentials}` } });
    const body: unknown = await response.json();
    if (!Array.isArray(body)) throw new Error(`RabbitMQ answered ${response.status} to ${path}`);
    return body;
  }

  async opsToken(): Promise<string> {
    return this.identities.tokenFor({ sub: 'ops', roles: ['ops'] });
  }

  async end(): Promise<void> {
    const running = [...this.replicas.values()].filter((replica) => !replica.hasEnded());
    for (const replica of running) replica.process.kill('SIGKILL');
    await Promise.allSettled(running.map((replica) => replica.process.ended));
    const cables = [...this.brokerCables.values(), ...this.databaseCables.values()];
    await Promise.all(cables.map((each) => each.close()));
    await Promise.all([this.stripe.close(), this.identities.close(), this.admin.end()]);
    await this.place.remove();
  }

  private nextName(service: ServiceName): string {
    this.count += 1;
    return `${service}-${this.count}`;
  }

  private settingsOf(service: ServiceName, port: number): Settings {
    const ports = { gateway: port, 'webhook-ingress': port, subscription: port, audit: port, 'stripe-simulator': port };
    const own = settingsFor(ports, this.place)[service];
    const cabled: Settings = { RABBITMQ_URL: this.cable('broker', service).url };
    if (service !== 'webhook-ingress') cabled['DATABASE_URL'] = this.cable('database', service).url;
    if ('STRIPE_API_BASE' in own) cabled['STRIPE_API_BASE'] = this.stripe.url;
    // It would heal what the oracles are to find.
    if (service === 'subscription') Object.assign(cabled, { CATCH_UP_EVERY_SECONDS: '0', SWEEP_EVERY_HOURS: '0' });
    if ('AUTH_ISSUER' in own) {
      cabled['AUTH_ISSUER'] = this.identities.issuer;
      cabled['AUTH_JWKS_URL'] = this.identities.jwksUrl;
    }
    return { ...own, ...cabled };
  }
}

/** Resolves once every process says that it is ready. */
export async function allReady(system: FaultSystem, timeoutMs = 60_000): Promise<void> {
  await waitFor(
    'every process to be ready',
    async () => {
      const answers = await Promise.all(
        [...system.replicas.values()].map((replica) => fetch(`${replica.managementUrl}/health/ready`)),
      );
      return answers.every(({ ok }) => ok);
    },
    timeoutMs,
  );
}

function adminPool(place: Place): pg.Pool {
  const url = new URL(place.databaseAdminUrl);
  url.pathname = new URL(place.databaseUrls.audit).pathname;
  const pool = new pg.Pool({ connectionString: url.toString(), max: 4 });
  pool.on('error', () => undefined); // the server is killed on purpose
  return pool;
}

function preloads({ crash, preload }: StartOptions): string[] {
  const file = (name: string): string => projectFile(`dist/libs/testing/src/crash/${name}-preload.process.js`);
  const names = [...(crash === undefined ? [] : ['crash']), ...(preload === undefined ? [] : [preload])];
  return names.flatMap((name) => ['--import', file(name)]);
}

function preloadSettings({ crash, isCrashArmedLater }: StartOptions): Settings {
  if (crash === undefined) return {};
  return { CRASH_AT: crash, ...(isCrashArmedLater === true && { CRASH_WAITS: '1' }) };
}
