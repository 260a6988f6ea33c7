import { Inject, Injectable } from '@nestjs/common';
import { randomInt } from 'node:crypto';
import { invalid } from '../api/stripe-error.js';
import type { SimulatorConfig } from '../config.js';
import { matchesType } from '../events/event-type.js';
import { configToken } from '../tokens.js';
import { World } from '../world/world.js';
import { ApiFaults } from './api-faults.js';
import { chance } from './chance.js';
import type { ApiFault, ChaosRequest, DeliveryChaos } from './chaos.request.js';
import { calm, extraPlanFor, hasOldSecret, planFor } from './delivery-plan.js';
import type { AttemptFault, DeliveryPlan } from './delivery-plan.js';
import { overTheLimit, RateLimit } from './rate-limit.js';

const nothingDone = {
  omitted: 0,
  duplicated: 0,
  shuffled: 0,
  dropped: 0,
  lost_attempts: 0,
  delayed: 0,
  bad_signature: 0,
  old_secret: 0,
  thin: 0,
  cut: 0,
  rate_limited: 0,
  api_429: 0,
  api_500: 0,
  api_503: 0,
  api_hang: 0,
  api_reset: 0,
  api_commit_then_reset: 0,
};
export type ChaosDeed = keyof typeof nothingDone;

interface Running {
  config: ChaosRequest;
  seed: number;
  knobs: DeliveryChaos;
  api: ApiFaults;
  rateLimit: RateLimit | null;
  /** How many events of each type there have been, and how many of those were to be sent. */
  caused: Places;
  seen: Places;
  ended: AbortController;
}

interface Met {
  fault: ApiFault;
  ended: AbortSignal;
}

/** By type, how many there have been; `invoice.paid#3` names the third. */
class Places {
  private readonly counts = new Map<string, number>();

  next(type: string): string {
    const nth = (this.counts.get(type) ?? 0) + 1;
    this.counts.set(type, nth);
    return `${type}#${nth}`;
  }
}

const isMeant = (type: string, types: readonly string[] | undefined) =>
  types?.some((wanted) => matchesType(type, wanted)) ?? true;

/** Nobody has it, so nobody verifies it. */
const wrongSecret = 'whsec_wrong_on_purpose';

/** The chaos that is on, if any: what it decides, and how often it has struck. */
@Injectable()
export class Chaos {
  private running: Running | null = null;
  private done = { ...nothingDone };

  constructor(
    world: World,
    @Inject(configToken) private readonly config: SimulatorConfig,
  ) {
    world.askBeforeMaking((type) => !this.isOmitted(type));
  }

  /** Replaces whatever was on; every count starts at nought. */
  start(config: ChaosRequest): void {
    const { seed = randomInt(2 ** 32), deliveries: knobs = {}, api = [], rate_limit_per_second: limit } = config;
    if (knobs.old_secret !== undefined && this.oldSecret(knobs) === undefined) {
      throw invalid(
        'deliveries.old_secret.secret',
        'deliveries.old_secret.secret: is needed, because STRIPE_WEBHOOK_SECRET holds no second, older one',
      );
    }
    this.end();
    this.done = { ...nothingDone };
    this.running = {
      config,
      seed,
      knobs,
      api: new ApiFaults(seed, api),
      rateLimit: limit === undefined ? null : new RateLimit(limit),
      caused: new Places(),
      seen: new Places(),
      ended: new AbortController(),
    };
  }

  /** The counts stay readable until the next start. */
  end(): void {
    this.running?.ended.abort();
    this.running = null;
  }

  reset(): void {
    this.end();
    this.done = { ...nothingDone };
  }

  state(): { config: ChaosRequest | null; seed: number | null; done: Record<ChaosDeed, number> } {
    return { config: this.running?.config ?? null, seed: this.running?.seed ?? null, done: { ...this.done } };
  }

  count(deed: ChaosDeed, times = 1): void {
    this.done[deed] += times;
  }

  /** Decides about the next event of this type. */
  planFor(type: string): DeliveryPlan {
    if (this.running === null) return calm;
    const { seed, knobs, seen } = this.running;
    return isMeant(type, knobs.types) ? planFor(seed, knobs, seen.next(type)) : calm;
  }

  extraPlanFor(key: string): DeliveryPlan {
    return this.running === null ? calm : extraPlanFor(this.running.seed, this.running.knobs, key);
  }

  /** The secrets an attempt (from 0) is signed with. */
  secretsFor({ key, attempt, fault }: { key: string; attempt: number; fault: AttemptFault | undefined }): string[] {
    const current = this.config.webhookSecrets;
    if (fault === 'bad_signature') return [wrongSecret];
    // A delivery that no chaos plans has no key.
    if (this.running === null || key === '') return current;
    const { seed, knobs } = this.running;
    const old = this.oldSecret(knobs);
    if (old === undefined || !hasOldSecret(seed, knobs, { key, attempt })) return current;
    this.count('old_secret');
    return knobs.old_secret?.with_current ? [...new Set([...current, old])] : [old];
  }

  shuffle(): { seed: number; events: number; ms: number } | null {
    const knob = this.running?.knobs.shuffle;
    return this.running && knob ? { seed: this.running.seed, ...knob } : null;
  }

  /** How long a failed attempt waits for the next one, or null for the usual time. */
  retryDelay(): number | null {
    return this.running?.knobs.retry_after_ms ?? null;
  }

  /**
   * The fault that the next API request meets at `now` (in real milliseconds: load is real, too), counted as done;
   * `ended` tells when this chaos is over.
   */
  apiFaultFor({ method, path, now }: { method: string; path: string; now: number }): Met | null {
    if (this.running === null) return null;
    const { api, rateLimit, ended } = this.running;
    if (rateLimit?.takes(now) === false) {
      this.count('rate_limited');
      return { fault: overTheLimit, ended: ended.signal };
    }
    const fault = api.next(method, path);
    if (fault === null) return null;
    this.count(`api_${fault.fault}`);
    return { fault, ended: ended.signal };
  }

  /** Whether the next event of this type is never made: Stripe's own generation of events fails now and then. */
  private isOmitted(type: string): boolean {
    const omit = this.running?.config.omit;
    if (!this.running || !omit || !isMeant(type, omit.types)) return false;
    const isOmitted = chance(this.running.seed, 'omit', this.running.caused.next(type)) < omit.probability;
    if (isOmitted) this.count('omitted');
    return isOmitted;
  }

  private oldSecret(knobs: DeliveryChaos): string | undefined {
    return knobs.old_secret?.secret ?? this.config.webhookSecrets.slice(1).at(-1);
  }
}
