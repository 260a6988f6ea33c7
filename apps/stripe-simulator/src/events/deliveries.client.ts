import { Inject, Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown } from '@nestjs/common';
import type Stripe from 'stripe';
import type { SimulatorConfig } from '../config.js';
import { configToken } from '../tokens.js';
import { World } from '../world/world.js';
import { isPending, isSuccess, maxAttempts, retryDelay } from './delivery.js';
import type { Attempt, Delivery } from './delivery.js';
import { signatureHeader } from './signature.js';

const answerTimeoutMs = 10_000;
const concurrency = 8;
/** More than this waiting means a dead endpoint: later events are only listed, as after Stripe disables an endpoint. */
const maxPending = 50_000;
/**
 * After so many failures in a row the endpoint gets one request at a time until it answers: retries must not slow the
 * API.
 */
const failuresUntilProbing = 5;

interface Job extends Delivery {
  event: Stripe.EventBase;
}

/** POSTs each event to the webhook endpoint until it is answered with 2xx, through a bounded queue. */
@Injectable()
export class Deliveries implements BeforeApplicationShutdown {
  private readonly log = new Logger('webhook');
  private readonly jobs = new Map<string, Job>();
  private ready: Job[] = [];
  private sending = 0;
  private pending = 0;
  private failuresInARow = 0;
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly waiters = new Set<() => void>();
  private stop = new AbortController();

  constructor(
    private readonly world: World,
    @Inject(configToken) private readonly config: SimulatorConfig,
  ) {
    world.onEvent((event) => this.enqueue(event));
  }

  /** Queues an event, also once more after it was delivered (a duplicate, as Stripe sends now and then). */
  enqueue(event: Stripe.EventBase): void {
    if (this.config.webhookUrl === null) return;
    const isFull = this.pending >= maxPending;
    const job: Job = {
      eventId: event.id,
      type: event.type,
      state: isFull ? 'dropped' : 'queued',
      attempts: [],
      event,
    };
    this.jobs.set(event.id, job);
    if (isFull) return;
    this.pending += 1;
    this.ready.push(job);
    // Not at once: the request that caused the event is still changing things.
    setImmediate(() => this.pump());
  }

  get(eventId: string): Delivery | undefined {
    return this.jobs.get(eventId);
  }

  summary(): { pending: number; by_state: Record<string, number>; deliveries: Delivery[] } {
    const byState: Record<string, number> = {};
    for (const { state } of this.jobs.values()) byState[state] = (byState[state] ?? 0) + 1;
    const latest = [...this.jobs.values()].slice(-100).reverse();
    return { pending: this.pending, by_state: byState, deliveries: latest.map(withoutEvent) };
  }

  /** Waits until nothing is pending, retries included; false if that took longer than `timeoutMs`. */
  untilIdle(timeoutMs: number): Promise<boolean> {
    return this.until(() => this.pending === 0, timeoutMs);
  }

  /** Waits until the endpoint has answered, or failed to, at least once. */
  untilAttempted(eventId: string, timeoutMs: number): Promise<boolean> {
    return this.until(() => {
      const job = this.jobs.get(eventId);
      return job === undefined || job.attempts.length > 0 || !isPending(job);
    }, timeoutMs);
  }

  /** Forgets everything; what is on its way is cut off. */
  reset(): void {
    this.stop.abort();
    this.stop = new AbortController();
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
    this.jobs.clear();
    this.ready = [];
    this.pending = 0;
    this.failuresInARow = 0;
    this.notify();
  }

  beforeApplicationShutdown(): void {
    this.reset();
  }

  private pump(): void {
    const limit = this.failuresInARow >= failuresUntilProbing ? 1 : concurrency;
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
    const attempt = await this.post(job.event, stop);
    if (stop.aborted) return;
    job.attempts.push(attempt);
    this.failuresInARow = isSuccess(attempt) ? 0 : this.failuresInARow + 1;
    if (isSuccess(attempt)) this.finish(job, 'delivered');
    else if (job.attempts.length >= maxAttempts) this.finish(job, 'failed');
    else this.retryLater(job);
    const { eventId, type, state } = job;
    this.log.log({ eventId, type, outcome: state, status: attempt.status, try: job.attempts.length });
    this.notify();
  }

  private async post(event: Stripe.EventBase, stop: AbortSignal): Promise<Attempt> {
    // Stripe sends its JSON indented; a receiver that parses and prints it again breaks the signature.
    const body = JSON.stringify(event, null, 2);
    const at = new Date();
    const signature = signatureHeader(body, Math.floor(at.getTime() / 1000), this.config.webhookSecrets);
    try {
      const response = await fetch(this.config.webhookUrl ?? '', {
        method: 'POST',
        headers: {
          'content-type': 'application/json; charset=utf-8',
          'stripe-signature': signature,
          'user-agent': 'Stripe/1.0 (+https://docs.stripe.com/webhooks)',
        },
        body,
        // To Stripe a redirect is a failure.
        redirect: 'manual',
        signal: AbortSignal.any([stop, AbortSignal.timeout(answerTimeoutMs)]),
      });
      await response.arrayBuffer();
      return { at: at.toISOString(), status: response.status, error: null };
    } catch (error) {
      return { at: at.toISOString(), status: null, error: reasonOf(error) };
    }
  }

  private retryLater(job: Job): void {
    job.state = 'retrying';
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      job.state = 'queued';
      this.ready.push(job);
      this.pump();
    }, retryDelay(job.attempts.length));
    this.timers.add(timer);
  }

  private finish(job: Job, state: 'delivered' | 'failed'): void {
    job.state = state;
    this.pending -= 1;
    const event = this.world.events.get(job.eventId);
    if (event && state === 'delivered') this.world.events.set(event.id, { ...event, pending_webhooks: 0 });
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

const withoutEvent = ({ eventId, type, state, attempts }: Job): Delivery => ({ eventId, type, state, attempts });

/** `fetch` says only "fetch failed"; what failed is in the cause, whose message may be empty where its code is not. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message;
}
