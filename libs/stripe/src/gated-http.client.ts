import Stripe from 'stripe';
import type { RequestPriority } from './request-budget.js';
import type { RequestGate } from './request-gate.client.js';

type MakeRequest = Stripe.HttpClient['makeRequest'];

/** An interactive question has a lease of 30 s on what it asks about; a bulk one has all the time there is. */
const patienceMs: Record<RequestPriority, number> = { interactive: 10_000, bulk: 60_000 };
const mostTries = 5;

/**
 * The SDK's own HTTP client behind a gate. Here and not around the SDK's methods, so that what it repeats by itself (a closed
 * connection, 409 and 5xx) is counted too; 429 it does not repeat, so that is done here. Waiting for the gate is no part of a
 * request's own time-out.
 */
export class GatedHttpClient extends Stripe.HttpClient {
  private readonly client = Stripe.createNodeHttpClient();

  constructor(
    private readonly gate: RequestGate,
    private readonly priority: RequestPriority,
  ) {
    super();
  }

  override getClientName(): string {
    return this.client.getClientName();
  }

  override async makeRequest(...request: Parameters<MakeRequest>): Promise<Stripe.HttpClientResponse> {
    for (let tries = 1; ; tries += 1) {
      await this.gate.pass(this.priority, patienceMs[this.priority]);
      const response = await this.client.makeRequest(...request);
      if (response.getStatusCode() !== 429) {
        this.gate.answered();
        return response;
      }
      const pauseMs = this.gate.refused(retryAfterOf(response));
      if (tries >= mostTries || pauseMs > patienceMs[this.priority]) return response;
      response.dispose?.();
    }
  }
}

function retryAfterOf(response: Stripe.HttpClientResponse): string | undefined {
  const header: unknown = response.getHeaders()['retry-after'];
  return typeof header === 'string' ? header : undefined;
}
