import { Inject, Injectable } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type Stripe from 'stripe';
import { WebSocket, WebSocketServer } from 'ws';
import { deliveryHeaders } from '../events/signature.js';
import { aThinEvent } from '../events/thin-event.js';
import type { SimulatorConfig } from '../config.js';
import { configToken } from '../tokens.js';
import { newestVersion } from '../versions/api-version.js';
import { renderEvent } from '../versions/render.js';
import { newId } from '../world/ids.js';
import { World } from '../world/world.js';
import { listenPath } from './session-routes.js';
import type { CliFeature } from './session-routes.js';

/** One that reads so slowly that more than this waits for it (bytes) is cut off; it connects again by itself. */
const maxWaiting = 64 * 1024 * 1024;

/**
 * Who runs `stripe listen`: every event goes to them too, once, over the WebSocket they opened. What the CLI then forwards
 * it to, and what that answers, is between the two: nothing is sent again.
 */
@Injectable()
export class Listeners implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly server = new WebSocketServer({ noServer: true });
  private readonly listeners = new Map<WebSocket, readonly CliFeature[]>();

  constructor(
    private readonly world: World,
    private readonly http: HttpAdapterHost<FastifyAdapter>,
    @Inject(configToken) private readonly config: SimulatorConfig,
  ) {
    world.onEvent((event) => this.tell(event));
  }

  onApplicationBootstrap(): void {
    const { server } = this.http.httpAdapter.getInstance<FastifyInstance>();
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => this.take(request, socket, head));
  }

  beforeApplicationShutdown(): void {
    for (const listener of this.listeners.keys()) listener.terminate();
  }

  private take(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const session = this.world.cliSessions.get(String(request.headers['websocket-id']));
    if (request.url?.split('?')[0] !== listenPath || session === undefined) return refuse(socket);
    this.server.handleUpgrade(request, socket, head, (listener) => {
      this.listeners.set(listener, session.features);
      listener.on('close', () => this.listeners.delete(listener));
      // A broken connection closes, too; the CLI's acknowledgements and reports need no answer.
      listener.on('error', () => listener.terminate());
    });
  }

  private tell(event: Stripe.EventBase): void {
    for (const [listener, features] of this.listeners) {
      if (features.includes('webhooks')) for (const message of this.snapshots(event)) send(listener, message);
      const thin = features.includes('v2_events') ? this.thin(event) : null;
      if (thin !== null) send(listener, thin);
    }
  }

  /** Once in the account's version, for which the endpoint names none, and once in the newest: the CLI takes one of them. */
  private snapshots(event: Stripe.EventBase): object[] {
    return [null, newestVersion].map((version) => {
      const payload = toText(renderEvent(this.world, event, version ?? event.api_version ?? newestVersion));
      return {
        type: 'webhook_event',
        endpoint: { api_version: version },
        event_payload: payload,
        http_headers: this.headersOf(payload),
        webhook_conversation_id: newId('wc_'),
        webhook_id: newId('we_'),
      };
    });
  }

  private thin(event: Stripe.EventBase): object | null {
    const thin = aThinEvent(event);
    if (thin === null) return null;
    this.world.keepThinEvent(thin);
    const payload = toText(thin);
    return { type: 'v2_event', payload, http_headers: this.headersOf(payload), destination_id: newId('ed_') };
  }

  private headersOf(payload: string): Record<string, string> {
    return deliveryHeaders(payload, Date.now(), this.config.webhookSecrets);
  }
}

const toText = (event: object) => JSON.stringify(event, null, 2);

function send(listener: WebSocket, message: object): void {
  if (listener.bufferedAmount > maxWaiting) listener.terminate();
  else if (listener.readyState === WebSocket.OPEN) listener.send(JSON.stringify(message));
}

/** In these words the CLI knows that its session is gone, and begins another. */
function refuse(socket: Duplex): void {
  const body = JSON.stringify({ error: { message: 'Unknown WebSocket ID.' } });
  const head = ['HTTP/1.1 404 Not Found', 'content-type: application/json', `content-length: ${body.length}`];
  socket.on('error', () => socket.destroy());
  socket.end(`${[...head, 'connection: close'].join('\r\n')}\r\n\r\n${body}`);
}
