import { Inject, Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown } from '@nestjs/common';
import type Stripe from 'stripe';
import { Chaos } from '../chaos/chaos.js';
import { calm } from '../chaos/delivery-plan.js';
import type { DeliveryPlan } from '../chaos/delivery-plan.js';
import type { SimulatorConfig } from '../config.js';
import { configToken } from '../tokens.js';
import { newestVersion } from '../versions/api-version.js';
import { renderEvent } from '../versions/render.js';
import { World } from '../world/world.js';
import { isPending, isSuccess, maxAttempts, retryDelay } from './delivery.js';
import type { Attempt, Delivery } from './delivery.js';
import { Endpoint } from './endpoint.client.js';
import { Holding } from './holding.js';
import { aThinEvent } from './thin-event.js';
import type { ThinEvent } from './thin-event.js';

/** More than this waiting means a dead endpoint: later events are only listed, as after Stripe disables an endpoint. */
const maxPending = 50_000;
/** Of the deliveries that have come to an end, as many are remembered. */
const maxFinished = 10_000;
/**
 * After so many failures in a row the endpoint gets one request at a time until it answers: retries must not slow the
 * API.
 */
const failuresUntilProbing = 5;

interface Job extends Delivery {
  /** By which it is remembered: the event's id, with a number for a copy. */
  name: string;
  event: Stripe.EventBase | ThinEvent;
  plan: DeliveryPlan;
}

/** POSTs each event to the webhook endpoint until it is answered with 2xx, through a bounded queue. */
@Injectable()
export class Deliveries implements BeforeApplicationShutdown {
  private readonly log = new Logger('webhook');
  private readonly jobs = new Map<string, Job>();
  /** The names of the jobs that have come to an end, oldest first. */
  private readonly finished = new Set<string>();
  private ready: Job[] = [];
  private sending = 0;
  private pending = 0;
  private failuresInARow = 0;
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly waiters = new Set<() => void>();
  private stop = new AbortController();
  private readonly holding: Holding<Job>;

  constructor(
    private readonly world: World,
    private readonly endpoint: Endpoint,
    private readonly chaos: Chaos,
    @Inject(configToken) private readonly config: SimulatorConfig,
  ) {
    this.holding = new Holding({
      clock: world.clock,
      shuffle: () => chaos.shuffle(),
      release: (job) => this.queue(job),
      onShuffled: (moved) => chaos.count('shuffled', moved),
    });
    world.onEvent((event) => this.enqueue(event));
  }

  /** Queues an event, also once more after it was delivered (a duplicate, as Stripe sends now and then). */
  enqueue(event: Stripe.EventBase): void {
    if (this.config.webhookUrl === null) return;
    const plan = this.chaos.planFor(event.type);
    const job = this.add(event.id, event, plan);
    if (job.state === 'dropped') return;
    if (plan.holdingTime !== null) this.chaos.count('delayed');
    job.state = 'held';
    this.holding.take(job);
  }

  get(eventId: string): Delivery | undefined {
    return this.jobs.get(eventId);
  }

  summary(): { pending: number; by_state: Record<string, number>; deliveries: Delivery[] } {
    const byState: Record<string, number> = {};
    for (const { state } of this.jobs.values()) byState[state] = (byState[state] ?? 0) + 1;
    const latest = [...this.jobs.values()].slice(-100).reverse();
    return { pending: this.pending, by_state: byState, deliveries: latest.map(asDelivery) };
  }

  /** Waits until nothing is pending, retries included, but for what only the clock releases; false if that took longer. */
  untilIdle(timeoutMs: number): Promise<boolean> {
    return this.until(() => this.pending <= this.holding.waitingForClock, timeoutMs);
  }

  /** Waits until the endpoint has answered, or failed to, at least once; not for an event that is held back. */
  untilAttempted(eventId: string, timeoutMs: number): Promise<boolean> {
    return this.until(() => {
      const job = this.jobs.get(eventId);
      return job === undefined || job.attempts.length > 0 || job.state === 'held' || !isPending(job);
    }, timeoutMs);
  }

  /** Chaos is over, or another one begins: nothing of the earlier one is left on what is still to be delivered. */
  calmDown(): void {
    for (const job of this.jobs.values()) job.plan = calm;
    this.holding.releaseAll();
  }

  /** Forgets everything; what is on its way is cut off. */
  reset(): void {
    this.stop.abort();
    this.stop = new AbortController();
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
    this.holding.clear();
    this.jobs.clear();
    this.finished.clear();
    this.ready = [];
    this.pending = 0;
    this.failuresInARow = 0;
    this.notify();
  }

  beforeApplicationShutdown(): void {
    this.reset();
  }

  /** A new job, pending unless its plan or the full queue drops it. */
  private add(name: string, event: Stripe.EventBase | ThinEvent, plan: DeliveryPlan): Job {
    const isDropped = plan.isDropped || this.pending >= maxPending;
    const { id: eventId, type } = event;
    const job: Job = { name, eventId, type, state: isDropped ? 'dropped' : 'queued', attempts: [], event, plan };
    this.jobs.set(name, job);
    this.finished.delete(name);
    if (plan.isDropped) this.chaos.count('dropped');
    if (isDropped) this.remember(job);
    else this.pending += 1;
    return job;
  }

  private queue(job: Job): void {
    const { plan, event } = job;
    const copies = plan.areConcurrent ? this.copiesOf(job) : [];
    const hasThin = plan.hasThin || this.world.settings.webhook.thin;
    const thin = hasThin && event.object === 'event' ? this.thinTwinOf(event, plan) : [];
    for (const each of [job, ...copies, ...thin]) {
      each.state = 'queued';
      this.ready.push(each);
    }
    // Not at once: the request that caused the event is still changing things.
    setImmediate(() => this.pump());
  }

  private copiesOf({ name, event, plan }: Job): Job[] {
    this.chaos.count('duplicated', plan.copies);
    return Array.from({ length: plan.copies }, (_, index) => {
      const key = `${plan.key}/copy-${index + 1}`;
      return this.add(`${name}/copy-${index + 1}`, event, this.chaos.extraPlanFor(key));
    }).filter(isPending);
  }

  private thinTwinOf(snapshot: Stripe.EventBase, { key, hasThin }: DeliveryPlan): Job[] {
    const thin = aThinEvent(snapshot);
    if (thin === null) return [];
    this.world.keepThinEvent(thin);
    if (hasThin) this.chaos.count('thin');
    return [this.add(thin.id, thin, this.chaos.extraPlanFor(`${key}/thin`))].filter(isPending);
  }

  private pump(): void {
    const limit = this.failuresInARow >= failuresUntilProbing ? 1 : this.config.webhookConcurrency;
    while (this.sending < limit) {
      const job = this.ready.shift();
      if (job === undefined) return;
      this.sending += 1;
      void this.send(job).finally(() => {
        this.sending -= 1;
        this.pump();
      });
    }
  }

  private async send(job: Job): Promise<void> {
    job.state = 'sending';
    const stop = this.stop.signal;
    const fault = job.plan.faults[job.attempts.length];
    const attempt = await this.attempt(job, stop);
    if (stop.aborted) return;
    job.attempts.push(attempt);
    if (isSuccess(attempt)) this.failuresInARow = 0;
    // What chaos did says nothing about the endpoint.
    else if (fault === undefined) this.failuresInARow += 1;
    if (isSuccess(attempt)) this.finish(job, 'delivered');
    else if (job.attempts.length >= maxAttempts) this.finish(job, 'failed');
    else this.retryLater(job);
    const { eventId, type, state } = job;
    this.log.log({ eventId, type, outcome: state, status: attempt.status, try: job.attempts.length });
    this.notify();
  }

  private attempt({ event, plan, attempts }: Job, stop: AbortSignal): Promise<Attempt> {
    const fault = plan.faults[attempts.length];
    if (fault === 'lost') {
      this.chaos.count('lost_attempts');
      return Promise.resolve({ at: new Date().toISOString(), status: null, error: 'lost (chaos)' });
    }
    if (fault !== undefined) this.chaos.count(fault);
    const secrets = this.chaos.secretsFor({ key: plan.key, attempt: attempts.length, fault });
    return this.endpoint.post({ event: this.asEndpointWants(event), secrets, isCut: fault === 'cut', stop });
  }

  /** In the endpoint's own API version, else in the one the event was made with. */
  private asEndpointWants(event: Job['event']): object {
    if (event.object !== 'event') return event;
    const version = this.world.settings.webhook.api_version ?? event.api_version ?? newestVersion;
    return renderEvent(this.world, event, version);
  }

  private retryLater(job: Job): void {
    job.state = 'retrying';
    const timer = setTimeout(
      () => {
        this.timers.delete(timer);
        job.state = 'queued';
        this.ready.push(job);
        this.pump();
      },
      this.chaos.retryDelay() ?? retryDelay(job.attempts.length),
    );
    this.timers.add(timer);
  }

  private finish(job: Job, state: 'delivered' | 'failed'): void {
    job.state = state;
    this.pending -= 1;
    this.remember(job);
    if (state === 'failed') return;
    const event = this.world.events.get(job.eventId);
    if (event) this.world.events.set(event.id, { ...event, pending_webhooks: 0 });
    if (!job.plan.areConcurrent) this.ready.push(...this.copiesOf(job));
  }

  /** Keeps the latest that have come to an end; the oldest go first. */
  private remember({ name }: Job): void {
    this.finished.add(name);
    const [oldest] = this.finished;
    if (this.finished.size <= maxFinished || oldest === undefined) return;
    this.finished.delete(oldest);
    this.jobs.delete(oldest);
  }

  private notify(): void {
    for (const waiter of this.waiters) waiter();
  }

  private until(isReached: () => boolean, timeoutMs: number): Promise<boolean> {
    if (isReached()) return Promise.resolve(true);
    return new Promise((resolve) => {
      const done = (reached: boolean) => {
        clearTimeout(timer);
        this.waiters.delete(check);
        resolve(reached);
      };
      const check = () => {
        if (isReached()) done(true);
      };
      const timer = setTimeout(() => done(false), timeoutMs);
      this.waiters.add(check);
    });
  }
}

const asDelivery = ({ eventId, type, state, attempts }: Job): Delivery => ({ eventId, type, state, attempts });
