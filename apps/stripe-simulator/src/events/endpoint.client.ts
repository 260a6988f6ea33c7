import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationShutdown } from '@nestjs/common';
import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import type { ClientRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { SimulatorConfig } from '../config.js';
import { configToken } from '../tokens.js';
import type { Attempt } from './delivery.js';
import { deliveryHeaders } from './signature.js';

const answerTimeoutMs = 10_000;

interface Post {
  /** What is sent, as JSON. */
  event: object;
  secrets: readonly string[];
  /** Breaks the connection in the middle of the body. */
  isCut: boolean;
  stop: AbortSignal;
}

/** The webhook endpoint. Over node:http, not fetch: that cannot break off in the middle of a body. */
@Injectable()
export class Endpoint implements OnApplicationShutdown {
  private readonly url: string;
  private readonly agent: HttpAgent;
  private readonly open: typeof httpRequest;

  constructor(@Inject(configToken) config: SimulatorConfig) {
    this.url = config.webhookUrl ?? '';
    const isSecure = this.url.startsWith('https:');
    const options = { keepAlive: true, maxSockets: config.webhookConcurrency };
    this.agent = isSecure ? new HttpsAgent(options) : new HttpAgent(options);
    this.open = isSecure ? httpsRequest : httpRequest;
  }

  async post({ event, secrets, isCut, stop }: Post): Promise<Attempt> {
    // Stripe sends its JSON indented; a receiver that parses and prints it again breaks the signature.
    const body = JSON.stringify(event, null, 2);
    const now = new Date();
    const at = now.toISOString();
    const bytes = Buffer.from(body);
    const request = this.open(this.url, {
      method: 'POST',
      headers: { ...deliveryHeaders(body, now.getTime(), secrets), 'content-length': bytes.length },
      // The broken connection is nobody else's.
      agent: isCut ? false : this.agent,
      signal: AbortSignal.any([stop, AbortSignal.timeout(answerTimeoutMs)]),
    });
    try {
      return { at, status: await (isCut ? cut(request, bytes) : exchange(request, bytes)), error: null };
    } catch (error) {
      return { at, status: null, error: isCut ? 'cut (chaos)' : reasonOf(error) };
    }
  }

  onApplicationShutdown(): void {
    this.agent.destroy();
  }
}

/** The status of the answer, once all of it is there. A redirect is not followed: to Stripe it is a failure. */
const exchange = (request: ClientRequest, body: Buffer): Promise<number> =>
  new Promise((resolve, reject) => {
    request.on('error', reject);
    request.on('response', (response) => {
      response.on('error', reject);
      response.on('end', () => resolve(response.statusCode ?? 0));
      response.resume();
    });
    request.end(body);
  });

/** Sends half of the body and resets the connection; always rejects, unless the endpoint answers that half. */
function cut(request: ClientRequest, body: Buffer): Promise<number> {
  const answer = new Promise<number>((resolve, reject) => {
    request.on('error', reject);
    request.on('response', (response) => resolve(response.statusCode ?? 0));
  });
  request.write(body.subarray(0, body.length >> 1), () => request.socket?.resetAndDestroy());
  return answer;
}

/** Where there is a cause, it says more; its message may be empty where its code is not. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const root = error.cause instanceof Error ? error.cause : error;
  return 'code' in root && typeof root.code === 'string' ? root.code : root.message;
}
