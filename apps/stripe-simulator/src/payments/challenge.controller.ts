import { Body, Controller, Get, Param, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { completeSession, reductionFor, verdictFor } from '../checkout/pay.js';
import { successUrl } from '../checkout/session.js';
import { Deliveries } from '../events/deliveries.client.js';
import { formFields } from '../pages/form.js';
import { messagePage } from '../pages/layout.page.js';
import { sendPage } from '../pages/send.js';
import { saveCard } from '../portal/save-card.js';
import { payInvoice } from '../subscriptions/bill.js';
import { newId, newIdempotencyKey } from '../world/ids.js';
import { World } from '../world/world.js';
import type { Challenge, ChallengePurpose } from './challenge.js';
import { challengePage } from './challenge.page.js';

/** As long as Stripe waits for checkout.session.completed to be answered before it sends the payer back. */
const maxWaitMs = 10_000;

type Answer = 'passed' | 'failed';

/** The bank's page, on which a customer passes 3-D Secure, or fails to. */
@Controller('3d_secure')
export class ChallengeController {
  constructor(
    private readonly world: World,
    private readonly deliveries: Deliveries,
  ) {}

  @Get(':id')
  show(@Param('id') id: string, @Res() reply: FastifyReply): void {
    const challenge = this.world.challenges.get(id);
    if (challenge === undefined) return gone(reply);
    void sendPage(reply, 200, challengePage());
  }

  @Post(':id')
  async answer(@Param('id') id: string, @Body() body: unknown, @Res() reply: FastifyReply): Promise<void> {
    const challenge = this.world.challenges.get(id);
    if (challenge === undefined) return gone(reply);
    const answer: Answer = formFields(body).action === 'complete' ? 'passed' : 'failed';
    this.world.challenges.delete(challenge.id);
    const next = await this.carryOn(challenge, answer);
    void reply.redirect(next, 303);
  }

  /** Where the customer goes on. */
  private async carryOn({ purpose }: Challenge, answer: Answer): Promise<string> {
    switch (purpose.kind) {
      case 'checkout':
        return this.checkout(purpose, answer);
      case 'invoice': {
        const invoice = this.world.invoices.get(purpose.invoice);
        const attempt = { method: purpose.method, authentication: answer };
        if (invoice?.status === 'open') this.asRequest(() => payInvoice(this.world, invoice, attempt));
        return `/i/${purpose.invoice}${answer === 'failed' ? '?failed=authentication' : ''}`;
      }
      case 'portal': {
        const customer = this.world.customers.get(purpose.customer);
        const back = `/p/session/${purpose.session}`;
        if (answer === 'failed' || customer === undefined) return `${back}?failed=authentication`;
        this.asRequest(() => saveCard(this.world, customer, { card: purpose.card, hasAuthenticated: true }));
        return `${back}?done=update_card`;
      }
      default:
        return purpose satisfies never;
    }
  }

  private async checkout(purpose: ChallengePurpose & { kind: 'checkout' }, answer: Answer): Promise<string> {
    const page = `/c/pay/${purpose.session}`;
    const session = this.world.checkoutSessions.get(purpose.session);
    if (session?.status !== 'open') return page;
    if (answer === 'failed') return `${page}?failed=authentication`;
    const result = reductionFor(this.world, session, purpose.promotionCode);
    const { card, email } = purpose;
    const payment = {
      session,
      source: { card },
      email,
      reduction: result.ok ? result.reduction : null,
      hasAuthenticated: true,
    };
    if (verdictFor(payment).kind !== 'paid') return `${page}?failed=declined`;
    const completed = completeSession(this.world, payment);
    await this.deliveries.untilAttempted(completed.id, maxWaitMs);
    return successUrl(session);
  }

  /** The page's own call to the API: its events name a request the merchant never made. */
  private asRequest(work: () => void): void {
    this.world.causedBy({ id: newId('req_'), idempotencyKey: newIdempotencyKey() }, work);
  }
}

const gone = (reply: FastifyReply): void =>
  void sendPage(reply, 404, messagePage('Page not found', 'There is no such challenge, or it was answered already.'));
