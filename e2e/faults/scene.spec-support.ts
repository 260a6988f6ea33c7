import type { StripeEventBody } from '@billhook/testing';
import type { ServiceName } from '../../demo/src/system.js';
import { Deliverer } from './deliverer.spec-support.js';
import type { Answer } from './deliverer.spec-support.js';
import { allReady, FaultSystem } from './fault-system.spec-support.js';
import type { StartOptions, SystemOptions } from './fault-system.spec-support.js';
import { generateHistory } from './history.js';
import type { History } from './history.js';
import { comeToRest, violations } from './oracles.spec-support.js';

export const say = (line: string): void => void process.stderr.write(`[faults] ${line}\n`);

/** How many of each service; none where it is not named. */
export type Cast = Partial<Record<ServiceName, number>>;

export const oneOfEach: Cast = { 'webhook-ingress': 1, subscription: 1, audit: 1, gateway: 1 };

/** A system, somebody who delivers to it, and what was delivered in the scenes so far. */
export class Scene {
  readonly deliverer: Deliverer;
  private readonly histories: History[] = [];
  private readonly accepted = new Set<string>();
  private readonly loads: Load[] = [];

  private constructor(readonly system: FaultSystem) {
    this.deliverer = new Deliverer({
      urls: () => system.replicasOf('webhook-ingress').map(({ url }) => url),
      secret: system.webhookSecret,
      width: 16,
    });
  }

  static async open(options: SystemOptions, cast: Cast = oneOfEach, start: StartOptions = {}): Promise<Scene> {
    const scene = new Scene(await FaultSystem.create(options));
    try {
      await scene.play(cast, start);
    } catch (error) {
      // Its cables and pretend servers listen in this process, and would keep it from ending.
      await scene.close();
      throw error;
    }
    return scene;
  }

  async play(cast: Cast, start: StartOptions = {}): Promise<void> {
    const one = (name: ServiceName): Promise<unknown> => this.system.start(name, start);
    const parts: readonly ServiceName[] = ['webhook-ingress', 'subscription', 'audit', 'gateway'];
    await Promise.all(parts.flatMap((name) => Array.from({ length: cast[name] ?? 0 }, () => one(name))));
  }

  /** New customers, named by letters and digits as Stripe's ids are, whose events count in the next `verdict`. */
  newHistories(name: string, count: number): History[] {
    const begin = Math.floor(Date.now() / 1000) - 7_200;
    const told = this.histories.length;
    const make = (_: unknown, index: number): History => generateHistory(`${name}x${index}`, told + index, begin);
    const made = Array.from({ length: count }, make);
    for (const each of made) this.system.stripe.subscriptions.set(each.subscriptionId, each.object);
    this.histories.push(...made);
    return made;
  }

  /**
   * Delivers at a steady rate and without trying again, until `stop`: the lives of ever new customers, so that there is new work
   * for as long as a test takes, on a machine of any speed, and little is left for the `verdict`. Where nothing is accepted for
   * long, `customers` bounds what is left: after the last one the first comes again, and a delivery more is harmless.
   */
  startLoad(name: string, perSecond: number, customers = Infinity): Load {
    const load = new Load(this.deliverer, this.lives(name, customers), perSecond);
    this.loads.push(load);
    return load;
  }

  private *lives(name: string, customers: number): Generator<StripeEventBody, never> {
    const known: StripeEventBody[] = [];
    for (let count = 0; count < customers; count += livesAtOnce) {
      const next = this.newHistories(`${name}n${count}`, livesAtOnce).flatMap(({ deliveries }) => deliveries);
      if (Number.isFinite(customers)) known.push(...next);
      yield* next;
    }
    for (;;) yield* known;
  }

  /** Whatever a failed test left running. */
  async calm(): Promise<void> {
    await Promise.all(this.loads.splice(0).map((load) => load.stop()));
  }

  /** Delivers what nobody has accepted yet, as Stripe would, waits for the system to come to rest, and says what is wrong. */
  async verdict(): Promise<string[]> {
    const rest = this.histories.flatMap(({ events }) => events).filter(({ id }) => !this.deliverer.accepted.has(id));
    await this.deliverer.deliverAll(rest);
    for (const id of this.deliverer.accepted) this.accepted.add(id);
    const expected = { histories: this.histories, accepted: this.accepted };
    await comeToRest(this.system, expected);
    await allReady(this.system);
    return violations(this.system, expected);
  }

  /** How many of the events that have come in so far. */
  async applied(): Promise<number> {
    return this.system.countOf('subscription.inbox');
  }

  async close(): Promise<void> {
    await this.calm();
    this.deliverer.close();
    await this.system.end();
  }
}

const tickMs = 10;
const livesAtOnce = 5;

export class Load {
  private readonly from: number;
  private readonly startedAt = performance.now();
  private readonly pending = new Set<Promise<Answer>>();
  private readonly timer: NodeJS.Timeout;
  private sent = 0;

  constructor(
    private readonly deliverer: Deliverer,
    private readonly events: Generator<StripeEventBody, never>,
    private readonly perSecond: number,
  ) {
    this.from = deliverer.answers.length;
    this.timer = setInterval(() => this.tick(), tickMs);
  }

  /** Answers so far. */
  answers(): Answer[] {
    return this.deliverer.answers.slice(this.from);
  }

  /** Resolves, once every delivery has its answer, with all of them. */
  async stop(): Promise<Answer[]> {
    clearInterval(this.timer);
    await Promise.all(this.pending);
    return this.answers();
  }

  private tick(): void {
    const due = ((performance.now() - this.startedAt) / 1000) * this.perSecond;
    for (; this.sent < due; this.sent += 1) {
      const answer = this.deliverer.attempt(this.events.next().value);
      this.pending.add(answer);
      void answer.finally(() => this.pending.delete(answer));
    }
  }
}

export const isAccepted = ({ status }: Answer): boolean => status >= 200 && status < 300;

/** For one line in a report. Ten minutes of load are more answers than a call takes arguments. */
export function slowest(answers: readonly Answer[]): number {
  return Math.round(answers.reduce((most, { ms }) => Math.max(most, ms), 0));
}
