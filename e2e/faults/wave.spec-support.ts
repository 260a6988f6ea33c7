import { aStripeEvent, waitFor } from '@billhook/testing';
import type { PrivateServers, StripeEventBody } from '@billhook/testing';
import { setTimeout as delay } from 'node:timers/promises';
import { Deliverer } from './deliverer.spec-support.js';
import { allReady } from './fault-system.spec-support.js';
import type { FaultSystem, Replica } from './fault-system.spec-support.js';
import { generateHistory } from './history.js';
import type { History } from './history.js';
import { comeToRest, violations } from './oracles.spec-support.js';
import { randomFrom } from './random.js';
import { crew } from './wave-plan.js';
import type { Fault, PlannedCrash, Service, WavePlan } from './wave-plan.js';

export interface WaveReport {
  violations: string[];
  deliveries: number;
  /** Deliveries that got no answer, or another than 2xx, and were sent again. */
  refused: number;
  /** `subscription-2 at C5:3` */
  crashes: string[];
  /** What kept it from its rest the longest. */
  waitedFor: string;
  deliveredMs: number;
  ms: number;
}

const deliveriesAtOnce = 24;

/** The processes of the waves: one that is killed is started again at once, with the crash of its next wave in its luggage. */
export class Supervisor {
  readonly crashes: string[] = [];
  readonly troubles: string[] = [];
  private readonly restarts = new Set<Promise<unknown>>();
  private readonly launches = new Map<string, Promise<void>>();
  private readonly accepted = new Set<string>();
  private readonly poison = new Map<string, Buffer>();
  private readonly armed = new Set<Replica>();
  private postgres: Promise<void> = Promise.resolve();
  private wave: number;
  private isOver = false;

  constructor(
    private readonly system: FaultSystem,
    private readonly servers: PrivateServers,
    private readonly plans: readonly WavePlan[],
    private readonly historiesPerWave: number,
  ) {
    this.wave = plans[0]?.index ?? 0;
  }

  async start(): Promise<void> {
    const names = Object.entries(crew).flatMap(([, replicas]) => [...replicas]);
    await Promise.all(names.map((name) => this.launch(name, this.wave)));
  }

  stop(): void {
    this.isOver = true;
  }

  async play(plan: WavePlan): Promise<WaveReport> {
    const startedAt = performance.now();
    this.wave = plan.index;
    const crashesBefore = this.crashes.length;
    const histories = this.historiesOf(plan);
    for (const history of histories) this.system.stripe.subscriptions.set(history.subscriptionId, history.object);
    const poison = poisonOf(plan);
    this.poison.set(poison.id, Buffer.from(JSON.stringify(poison)));
    const deliveries = randomFrom(plan.seed).shuffled([...histories.flatMap((each) => each.deliveries), poison]);
    const deliverer = this.delivererFor(plan, deliveries.length);
    await deliverer.deliverAll(deliveries);
    deliverer.close();
    for (const id of deliverer.accepted) this.accepted.add(id);
    const deliveredMs = performance.now() - startedAt;
    await this.settle();
    const expected = { histories, accepted: this.accepted, poison: this.poison };
    const waitedFor = await comeToRest(this.system, expected);
    await allReady(this.system);
    return {
      violations: [...(await violations(this.system, expected)), ...this.troubles.splice(0)],
      deliveries: deliveries.length,
      refused: deliverer.answers.filter(({ status }) => status < 200 || status > 299).length,
      crashes: this.crashes.slice(crashesBefore),
      waitedFor,
      deliveredMs,
      ms: performance.now() - startedAt,
    };
  }

  private historiesOf({ index, seed }: WavePlan): History[] {
    const begin = Math.floor(Date.now() / 1000) - 7_200;
    const make = (number: number): History =>
      generateHistory(`w${index}h${number}`, Math.imul(seed, 1_000) + number, begin);
    return Array.from({ length: this.historiesPerWave }, (_, number) => make(number));
  }

  private delivererFor(plan: WavePlan, total: number): Deliverer {
    const due = [
      ...plan.crashes.map((crash) => ({ after: crash.after, act: () => this.arm(crash) })),
      ...plan.faults.map((fault) => ({ after: fault.after, act: () => this.keep(this.inflict(fault)) })),
    ].toSorted((a, b) => a.after - b.after);
    return new Deliverer({
      urls: () => this.system.replicasOf('webhook-ingress').map(({ url }) => url),
      secret: this.system.webhookSecret,
      width: deliveriesAtOnce,
      onProgress: (begun) => {
        while (due[0] !== undefined && begun >= due[0].after * total) due.shift()?.act();
      },
    });
  }

  private arm({ victim }: PlannedCrash): void {
    const replica = this.system.replicas.get(victim);
    if (replica === undefined || replica.hasEnded()) return;
    this.armed.add(replica);
    replica.process.kill('SIGUSR2');
  }

  /** Every restart is over, every cable whole, and whoever was not hit is disarmed. */
  private async settle(): Promise<void> {
    while (this.restarts.size > 0) await Promise.all(this.restarts);
    for (const replica of this.armed) if (!replica.hasEnded()) replica.process.kill('SIGUSR2');
    this.armed.clear();
  }

  private keep(work: Promise<unknown>): void {
    const kept = work
      .catch((error: unknown) => void this.troubles.push(`the harness failed: ${String(error)}`))
      .finally(() => this.restarts.delete(kept));
    this.restarts.add(kept);
  }

  /** `from` is the first wave whose crash it may carry. */
  private launch(name: string, from: number): Promise<void> {
    const launched = this.startUntilReady(name, from);
    this.launches.set(name, launched);
    return launched;
  }

  private async startUntilReady(name: string, from: number): Promise<void> {
    const service = serviceOf(name);
    const crash = this.nextCrash(name, from);
    const replica = await this.system.start(service, { crash, isCrashArmedLater: true, isReadyLater: true }, name);
    void replica.process.ended.then((how) => this.ended(replica, how));
    await waitFor(`${name} to be ready`, async () => (await fetch(`${replica.managementUrl}/health/ready`)).ok, 60_000);
  }

  private ended(replica: Replica, how: unknown): void {
    if (this.isOver || this.system.replicas.get(replica.name) !== replica) return;
    if (how === 'SIGKILL') this.crashes.push(`${replica.name} at ${replica.crash ?? 'no point'}`);
    else this.troubles.push(replica.process.failure(`ended with ${String(how)}`).message);
    this.keep(this.launch(replica.name, this.wave + 1));
  }

  private nextCrash(name: string, from: number): string | undefined {
    const later = this.plans.filter(({ index }) => index >= from);
    return later.flatMap(({ crashes }) => crashes).find(({ victim }) => victim === name)?.crash;
  }

  private async inflict(fault: Fault): Promise<void> {
    switch (fault.kind) {
      case 'cut':
        return this.system.cable(fault.to, fault.of).cut();
      case 'half_open':
        return this.system.cable(fault.to, fault.of).halfOpen();
      case 'black_hole': {
        const cable = this.system.cable(fault.to, fault.of);
        cable.freeze();
        await delay(fault.ms);
        return cable.mend();
      }
      case 'slow': {
        const cable = this.system.cable(fault.to, fault.of);
        cable.slow({ latencyMs: fault.latencyMs });
        await delay(fault.ms);
        return cable.mend();
      }
      case 'backends_killed': {
        const role = new URL(this.system.place.databaseUrls[fault.of]).username;
        // Where PostgreSQL is being restarted at this moment, there is nobody left to end.
        await this.system
          .query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1', [role])
          .catch(() => undefined);
        return;
      }
      case 'rolling_restart':
        return this.restart(fault.victim);
      case 'postgres_restart':
        this.postgres = this.postgres.then(() => this.restartPostgres(fault.signal));
        return this.postgres;
      default:
        return fault satisfies never;
    }
  }

  private async restartPostgres(signal: NodeJS.Signals): Promise<void> {
    await this.servers.postgres.stop(signal);
    await this.servers.postgres.start();
  }

  /** One that is starting is let start: it has nothing in hand yet, and nothing that could end it in good order. */
  private async restart(name: string): Promise<void> {
    await this.launches.get(name);
    const replica = this.system.replicas.get(name);
    if (replica === undefined || replica.hasEnded()) return;
    const { how } = await this.system.stop(replica);
    if (how !== 0) this.troubles.push(replica.process.failure(`ended with ${String(how)} at SIGTERM`).message);
    await this.launch(name, this.wave + 1);
  }
}

function serviceOf(name: string): Service {
  if (name.startsWith('webhook-ingress')) return 'webhook-ingress';
  if (name.startsWith('subscription')) return 'subscription';
  return name.startsWith('audit') ? 'audit' : 'gateway';
}

/** Truly Stripe's by its signature, and no subscription. */
function poisonOf({ index }: WavePlan): StripeEventBody {
  const object = { id: `sub_poison_${index}`, object: 'subscription', customer: 7, items: 'none' };
  return aStripeEvent('customer.subscription.updated', object, { id: `evt_poison_${index}` });
}
