import { Body, Controller, Get, Param, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type Stripe from 'stripe';
import { chargeCard } from '../customers/card.js';
import { Deliveries } from '../events/deliveries.client.js';
import { formFields } from '../pages/form.js';
import { messagePage } from '../pages/layout.page.js';
import { sendPage } from '../pages/send.js';
import { idOf } from '../world/ids.js';
import { World } from '../world/world.js';
import { checkoutPage } from './checkout.page.js';
import type { CheckoutForm } from './checkout.page.js';
import { completeSession, reductionFor } from './pay.js';
import type { Reduction } from './pay.js';

/** As long as Stripe waits for checkout.session.completed to be answered before it sends the payer back. */
const maxWaitMs = 10_000;

interface View {
  form: CheckoutForm;
  reduction?: Reduction | null;
  problem?: { field: keyof CheckoutForm | null; message: string };
}

/** The hosted Checkout page. */
@Controller('c/pay')
export class CheckoutController {
  constructor(
    private readonly world: World,
    private readonly deliveries: Deliveries,
  ) {}

  @Get(':id')
  show(@Param('id') id: string, @Res() reply: FastifyReply): void {
    const session = this.world.checkoutSessions.get(id);
    if (session?.status !== 'open') return closed(session, reply);
    const preset = reductionFor(this.world, session, '');
    void sendPage(reply, 200, this.page(session, { form: {}, reduction: preset.ok ? preset.reduction : null }));
  }

  /**
   * A decline leaves everything as it was: the session stays open, no subscription and no invoice exist (they come with
   * the payment), so there is no invoice.payment_failed either. Stripe would send payment_intent.payment_failed and
   * charge.failed, which an endpoint for subscriptions does not ask for; payment intents are not modelled here.
   */
  @Post(':id')
  async submit(@Param('id') id: string, @Body() body: unknown, @Res() reply: FastifyReply): Promise<void> {
    const session = this.world.checkoutSessions.get(id);
    // Pay pressed twice: the second press finds a paid session and is sent where the first one went.
    if (session?.status === 'complete') return void reply.redirect(successUrl(session), 303);
    if (session?.status !== 'open') return closed(session, reply);
    const form: CheckoutForm = formFields(body);
    const result = reductionFor(this.world, session, form.promotion_code ?? '');
    if (!result.ok) {
      const problem = { field: 'promotion_code' as const, message: result.message };
      return void sendPage(reply, 400, this.page(session, { form, problem }));
    }
    const { reduction } = result;
    if (formFields(body).action === 'apply') {
      return void sendPage(reply, 200, this.page(session, { form, reduction }));
    }
    const email = this.emailOf(session) ?? form.email ?? null;
    if (asksEmail(session) && !email?.includes('@')) {
      const problem = { field: 'email' as const, message: 'Your e-mail address is incomplete.' };
      return void sendPage(reply, 400, this.page(session, { form, reduction, problem }));
    }
    const outcome = chargeCard(form, this.world.now());
    switch (outcome.kind) {
      case 'invalid':
        return void sendPage(reply, 400, this.page(session, { form, reduction, problem: outcome }));
      case 'declined': {
        const problem = { field: 'card_number' as const, message: outcome.message };
        return void sendPage(reply, 402, this.page(session, { form, reduction, problem }));
      }
      case 'charged': {
        const completed = completeSession(this.world, { session, card: outcome.card, email, reduction });
        await this.deliveries.untilAttempted(completed.id, maxWaitMs);
        return void reply.redirect(successUrl(session), 303);
      }
      default:
        return outcome satisfies never;
    }
  }

  private emailOf(session: Stripe.Checkout.Session): string | null {
    return this.world.customers.get(idOf(session.customer) ?? '')?.email ?? session.customer_email;
  }

  private page(session: Stripe.Checkout.Session, { form, reduction = null, problem }: View): string {
    const lines = this.world.lineItems.get(session.id) ?? [];
    const shown = { email: this.emailOf(session), asksEmail: asksEmail(session), problem: problem ?? null };
    return checkoutPage({ session, lines, form, reduction, ...shown });
  }
}

const asksEmail = ({ customer, customer_email }: Stripe.Checkout.Session) =>
  customer === null && customer_email === null;

const successUrl = ({ success_url, id }: Stripe.Checkout.Session) =>
  (success_url ?? '/').replaceAll('{CHECKOUT_SESSION_ID}', id);

function closed(session: Stripe.Checkout.Session | undefined, reply: FastifyReply): void {
  if (session === undefined) {
    return void sendPage(reply, 404, messagePage('Page not found', 'There is no such Checkout session.'));
  }
  const back = session.cancel_url ? { href: session.cancel_url, label: '← back' } : null;
  if (session.status === 'complete') {
    return void sendPage(reply, 200, messagePage('You’re all done here', 'This payment is complete.'));
  }
  return void sendPage(reply, 410, messagePage('This page has expired', 'Start again from the shop.', back));
}
