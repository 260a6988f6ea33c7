// What accepting an event costs at the least on this machine: HTTP, one HMAC, one JSON.parse, one confirmed publish. It
// shares no code with the ingress, has none of its limits, and must never meet a real delivery.
import { connect } from 'amqplib';
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';

const settings = z
  .object({ PORT: z.coerce.number(), RABBITMQ_URL: z.string(), STRIPE_WEBHOOK_SECRET: z.string() })
  .parse(process.env);
const connection = await connect(settings.RABBITMQ_URL, { noDelay: true });
const channel = await connection.createConfirmChannel();

interface BareEvent {
  id: string;
  type: string;
  created: number;
  livemode: boolean;
  api_version: string;
  data: { object: { id: string } };
}

/** The parse and nothing else: the load generator is known to send such events. */
function isEvent(value: unknown): value is BareEvent {
  return typeof value === 'object' && value !== null && 'data' in value;
}

function isSigned(header: string, body: Buffer): boolean {
  const [, timestamp, signature] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(header) ?? [];
  if (timestamp === undefined || signature === undefined) return false;
  const hmac = createHmac('sha256', settings.STRIPE_WEBHOOK_SECRET).update(`${timestamp}.`).update(body).digest();
  return timingSafeEqual(hmac, Buffer.from(signature, 'hex'));
}

/** As many headers as the ingress sends, of the same size. */
function headersFor(event: BareEvent): Record<string, string | boolean> {
  return {
    'cloudEvents:specversion': '1.0',
    'cloudEvents:id': event.id,
    'cloudEvents:source': 'stripe',
    'cloudEvents:type': `stripe.${event.type}`,
    'cloudEvents:subject': event.data.object.id,
    'cloudEvents:time': new Date(event.created * 1000).toISOString(),
    'cloudEvents:actor': 'stripe',
    'cloudEvents:requestid': '00000000-0000-4000-8000-000000000000',
    'cloudEvents:receivedat': new Date().toISOString(),
    'cloudEvents:livemode': event.livemode,
    'cloudEvents:apiversion': event.api_version,
  };
}

function answer(response: ServerResponse, status: number, body: object): void {
  const json = JSON.stringify(body);
  response
    .writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(json) })
    .end(json);
}

function accept(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
  if (!isSigned(String(request.headers['stripe-signature']), body)) return answer(response, 400, {});
  const event: unknown = JSON.parse(body.toString());
  if (!isEvent(event)) return answer(response, 400, {});
  const options = {
    persistent: true,
    mandatory: true,
    messageId: event.id,
    type: `stripe.${event.type}`,
    contentType: 'application/json',
    headers: headersFor(event),
  };
  channel.publish('billhook.events', `stripe.${event.type}`, body, options, (error) => {
    if (error === null) answer(response, 200, { received: true, id: event.id });
    else answer(response, 503, {});
  });
}

const server = createServer((request, response) => {
  if (request.method === 'GET') return answer(response, 200, {});
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const [only] = chunks;
    accept(request, response, chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks));
  });
});
server.listen(settings.PORT, '127.0.0.1');
process.once('SIGTERM', () => process.exit(0));
