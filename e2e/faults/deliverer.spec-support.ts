import { signStripe } from '@billhook/testing';
import type { StripeEventBody } from '@billhook/testing';
import { Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

export interface DelivererOptions {
  /** Where deliveries go, each to the next: the ingress replicas that stand behind one address. */
  urls: () => readonly string[];
  secret: string;
  /** How many deliveries are under way at once. */
  width: number;
  /** Called before each first attempt, with how many came before. */
  onProgress?: (begun: number) => Promise<void> | void;
}

export interface Answer {
  /** 0 where the answer was lost. */
  status: number;
  code: string | undefined;
  ms: number;
  /** By the monotonic clock, when it was sent. */
  at: number;
}

const answerTimeoutMs = 10_000;
const retryAfterMs = [50, 100, 200, 400, 800];

/** Delivers as Stripe does: signs each attempt anew and tries again until somebody says 2xx. */
export class Deliverer {
  /** The ids that were answered 2xx. */
  readonly accepted = new Set<string>();
  readonly answers: Answer[] = [];
  private turn = 0;
  private begun = 0;
  /** A connection of its own for each attempt: one that is kept might be closed under the next. */
  private readonly agent = new Agent({ keepAlive: false });

  constructor(private readonly options: DelivererOptions) {}

  /** Resolves once every delivery was answered 2xx. */
  async deliverAll(events: readonly StripeEventBody[]): Promise<void> {
    const queue = [...events];
    const work = async (): Promise<void> => {
      for (let event = queue.shift(); event !== undefined; event = queue.shift()) {
        await this.options.onProgress?.(this.begun);
        this.begun += 1;
        await this.deliver(event);
      }
    };
    await Promise.all(Array.from({ length: this.options.width }, work));
  }

  async deliver(event: StripeEventBody): Promise<void> {
    for (let attempt = 0; ; attempt += 1) {
      const { status } = await this.attempt(event);
      if (status >= 200 && status < 300) return;
      await delay(retryAfterMs[Math.min(attempt, retryAfterMs.length - 1)]);
    }
  }

  /** One attempt. */
  async attempt(event: StripeEventBody): Promise<Answer> {
    const urls = this.options.urls();
    const url = urls[(this.turn += 1) % urls.length];
    const startedAt = performance.now();
    const outcome = url === undefined ? { status: 0, code: 'nobody' } : await this.post(url, JSON.stringify(event));
    const answer = { ...outcome, ms: performance.now() - startedAt, at: startedAt };
    this.answers.push(answer);
    if (answer.status >= 200 && answer.status < 300) this.accepted.add(event.id);
    return answer;
  }

  close(): void {
    this.agent.destroy();
  }

  private post(url: string, body: string): Promise<{ status: number; code: string | undefined }> {
    const { promise, resolve } = Promise.withResolvers<{ status: number; code: string | undefined }>();
    const lost = (error: Error): void =>
      resolve({ status: 0, code: 'code' in error ? String(error.code) : error.message });
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      'stripe-signature': signStripe(body, this.options.secret),
    };
    const sent = request(`${url}/webhook/stripe`, { method: 'POST', agent: this.agent, headers }, (response) => {
      response.resume();
      response.on('end', () => resolve({ status: response.statusCode ?? 0, code: undefined }));
      response.on('error', lost);
    });
    sent.setTimeout(answerTimeoutMs, () => sent.destroy(new Error('timeout')));
    sent.on('error', lost);
    sent.end(body);
    return promise;
  }
}
