import { EventPublisher } from '@billhook/messaging';
import { problemFor, Refused, Retryable } from '@billhook/runtime';
import { verifySignature } from '@billhook/stripe';
import { Controller, HttpCode, Post, Req } from '@nestjs/common';
import type { BeforeApplicationShutdown } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { IngressConfig } from './config.js';
import { Deliveries } from './deliveries.metrics.js';
import { LargeBodies } from './large-bodies.thread.js';
import { SigningSecrets } from './signing-secrets.file.js';
import { mismatchOf, readEnvelope, toAttributes } from './stripe-envelope.js';
import type { Mismatch, StripeEnvelope } from './stripe-envelope.js';

/** The body of a 200. Stripe looks at the status only; people and tests look at this. */
export interface Receipt {
  received: true;
  id: string;
  ignored?: Mismatch;
}

/** Stripe's own libraries allow as much. Both ways: a delivery from the future was not signed by Stripe's clock. */
const toleranceSeconds = 300;
/** Beyond this a parse may take longer than handing the body over: the event loop must not stand still for one delivery. */
const largeBodyBytes = 64 * 1024;
const shutdownRetryAfterSeconds = 1;

/**
 * Stripe's door. Nothing is parsed before the signature holds, and 200 is said only once the broker has confirmed: until then
 * the event is Stripe's to keep, and Stripe keeps it for three days.
 */
@Controller('webhook')
export class WebhookController implements BeforeApplicationShutdown {
  private isShuttingDown = false;

  constructor(
    private readonly config: IngressConfig,
    private readonly secrets: SigningSecrets,
    private readonly publisher: EventPublisher,
    private readonly deliveries: Deliveries,
    private readonly largeBodies: LargeBodies,
  ) {}

  beforeApplicationShutdown(): void {
    this.isShuttingDown = true;
  }

  @Post('stripe')
  @HttpCode(200)
  async receive(@Req() request: FastifyRequest): Promise<Receipt> {
    const begin = performance.now();
    const sender = { remoteAddress: request.ip, requestId: request.id };
    try {
      this.refuseUnlessOpen();
      const body = this.verified(request);
      const event = await this.read(body);
      const receipt = await this.take(event, body, request.id);
      this.deliveries.tell({ ...sender, outcome: receipt.ignored ?? 'accepted', event, ms: since(begin) });
      return receipt;
    } catch (error) {
      this.deliveries.tell({ ...sender, outcome: problemFor(error).code, ms: since(begin) });
      throw error;
    }
  }

  /** Before the work, not after it: that a queue is missing is known without trying. */
  private refuseUnlessOpen(): void {
    if (this.isShuttingDown) throw new Retryable('shutting_down', undefined, shutdownRetryAfterSeconds);
    const missing = this.publisher.missingQueues();
    if (missing.length > 0) throw new Retryable('broker_unavailable', new Error(`missing: ${missing.join(', ')}`));
  }

  private verified(request: FastifyRequest): Buffer {
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const header = request.headers['stripe-signature'];
    const signature = verifySignature({
      rawBody: body,
      header: Array.isArray(header) ? header.join(', ') : header,
      secrets: this.secrets.current(),
      now: new Date(),
      toleranceSeconds,
    });
    if (!signature.ok) throw new Refused(signature.code);
    return body;
  }

  private async read(body: Buffer): Promise<StripeEnvelope> {
    const envelope = body.length > largeBodyBytes ? await this.largeBodies.read(body) : readEnvelope(body);
    if (!envelope.ok) throw new Refused('body_malformed', envelope.reason);
    return envelope.event;
  }

  private async take(event: StripeEnvelope, body: Buffer, requestId: string): Promise<Receipt> {
    const { STRIPE_LIVEMODE: livemode, STRIPE_ACCOUNT_ID: accountId } = this.config;
    const ignored = mismatchOf(event, { livemode, accountId });
    if (ignored !== undefined) return { received: true, id: event.id, ignored };
    await this.publisher.publish({ attributes: toAttributes(event, { at: new Date(), requestId }), body });
    return { received: true, id: event.id };
  }
}

/** In milliseconds, to the tenth. */
function since(begin: number): number {
  return Math.round((performance.now() - begin) * 10) / 10;
}
