import { startService } from '@billhook/runtime';
import type { RunningService } from '@billhook/runtime';
import { signStripe, waitFor } from '@billhook/testing';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { IngressConfig } from './config.js';
import { ingressService } from './ingress.module.js';

export const [oldSecret, newSecret] = ['whsec_old_made_up', 'whsec_new_made_up'] as const;

/** An ingress in this process, ready. */
export async function startIngress(
  rabbitmqUrl: string,
  settings: Partial<IngressConfig> = {},
): Promise<RunningService> {
  const config = Object.assign(new IngressConfig(), {
    PORT: 0,
    MANAGEMENT_PORT: 0,
    LOG_LEVEL: 'silent',
    RABBITMQ_URL: rabbitmqUrl,
    STRIPE_LIVEMODE: false,
    ...('STRIPE_WEBHOOK_SECRET_FILE' in settings ? {} : { STRIPE_WEBHOOK_SECRET: [oldSecret, newSecret] }),
    ...settings,
  });
  const service = await startService(ingressService(config));
  await waitFor('readiness', async () => (await readiness(service)).status === 200);
  return service;
}

export async function readiness(service: RunningService): Promise<{ status: number; text: string }> {
  const response = await fetch(`${service.managementUrl}/health/ready`);
  return { status: response.status, text: await response.text() };
}

export interface Answer {
  status: number;
  retryAfter: string | null;
  body: Record<string, unknown>;
}

/** Signed with the new secret unless the headers say otherwise. */
export async function deliver(
  url: string,
  body: Buffer | string,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(`${url}/webhook/stripe`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'stripe-signature': signStripe(body, newSecret), ...headers },
    body: new Uint8Array(Buffer.from(body)),
  });
  const text = await response.text();
  return { status: response.status, retryAfter: response.headers.get('retry-after'), body: JSON.parse(text) };
}

export interface RawConnection {
  socket: Socket;
  /** Everything the server said, once the connection is closed; a reset is an end like any other. */
  answer: Promise<string>;
}

/** Bytes that no HTTP client would send. */
export function rawConnection(url: string, bytes: string): RawConnection {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(bytes));
  let answer = '';
  socket.on('data', (chunk) => (answer += chunk.toString()));
  socket.on('error', () => undefined);
  socket.on('close', () => resolve(answer));
  return { socket, answer: promise };
}
