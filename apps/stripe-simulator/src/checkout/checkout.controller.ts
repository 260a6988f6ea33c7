import { Body, Controller, Get, Param, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type Stripe from 'stripe';
import { readBankAccount } from '../customers/bank-account.js';
import { readCard } from '../customers/card.js';
import { Deliveries } from '../events/deliveries.client.js';
import { formFields } from '../pages/form.js';
import { messagePage } from '../pages/layout.page.js';
import { sendPage } from '../pages/send.js';
import { idOf } from '../world/ids.js';
import { World } from '../world/world.js';
import { checkoutPage } from './checkout.page.js';
import type { CheckoutForm } from './checkout.page.js';
import { hasFailedAuthentication, isDeclined } from '../payments/verdict.js';
import { openChallenge } from '../payments/challenge.js';
import { successUrl } from './session.js';
import { completeSession, reductionFor, verdictFor } from './pay.js';
import type { Payment, PaymentSource, Reduction } from './pay.js';

/** As long as Stripe waits for checkout.session.completed to be answered before it sends the payer back. */
const maxWaitMs = 10_000;

/** What a customer who comes back from 3-D Secure is told. */
const failures: Record<string, string> = {
  authentication: hasFailedAuthentication.message,
  declined: isDeclined.message,
};

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
  show(@Param('id') id: string, @Query('failed') failed: string | undefined, @Res() reply: FastifyReply): void {
    const session = this.world.checkoutSessions.get(id);
    if (session?.status !== 'open' || session.mode === 'payment') return closed(session, reply);
    const preset = reductionFor(this.world, session, '');
    const reduction = preset.ok ? preset.reduction : null;
    const message = failed === undefined ? undefined : failures[failed];
    const problem = message === undefined ? undefined : { field: 'card_number' as const, message };
    void sendPage(reply, 200, this.page(session, { form: {}, reduction, ...(problem && { problem }) }));
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
    if (session?.status !== 'open' || session.mode === 'payment') return closed(session, reply);
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
    const source = sourceFrom(session, form, { now: this.world.now(), reduction });
    if (source.kind === 'invalid') {
      return void sendPage(reply, 400, this.page(session, { form, reduction, problem: source }));
    }
    await this.pay({ session, source: source.source, email, reduction, hasAuthenticated: false }, form, reply);
  }

  private async pay(payment: Payment, form: CheckoutForm, reply: FastifyReply): Promise<void> {
    const { session, source, email, reduction } = payment;
    const verdict = verdictFor(payment);
    switch (verdict.kind) {
      case 'action_required': {
        if (source === null || 'bankAccount' in source) throw new TypeError('only a card asks for 3-D Secure');
        const promotionCode = form.promotion_code ?? '';
        const purpose = { kind: 'checkout', session: session.id, card: source.card, email, promotionCode } as const;
        return void reply.redirect(openChallenge(this.world, purpose), 303);
      }
      case 'declined': {
        const field = source !== null && 'bankAccount' in source ? 'bank_account' : 'card_number';
        const problem = { field, message: verdict.message } as const;
        return void sendPage(reply, 402, this.page(session, { form, reduction, problem }));
      }
      case 'paid':
      case 'processing': {
        const completed = completeSession(this.world, payment);
        await this.deliveries.untilAttempted(completed.id, maxWaitMs);
        return void reply.redirect(successUrl(session), 303);
      }
      default:
        return verdict satisfies never;
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

type Source =
  { kind: 'source'; source: PaymentSource } | { kind: 'invalid'; field: keyof CheckoutForm; message: string };

/** A bank account if one was typed, else a card; nothing where nothing is due and the session asks for nothing. */
function sourceFrom(
  session: Stripe.Checkout.Session,
  form: CheckoutForm,
  { now, reduction }: { now: number; reduction: Reduction | null },
): Source {
  const isOwing = (session.amount_subtotal ?? 0) > (reduction?.amount ?? 0);
  const isBare = (form.card_number ?? '') === '' && (form.bank_account ?? '') === '';
  if (isBare && !isOwing && session.payment_method_collection === 'if_required')
    return { kind: 'source', source: null };
  if ((form.bank_account ?? '') !== '') {
    const read = readBankAccount(form.bank_account ?? '');
    return read.kind === 'invalid' ? read : { kind: 'source', source: { bankAccount: read.number } };
  }
  const read = readCard(form, now);
  return read.kind === 'invalid' ? read : { kind: 'source', source: { card: read.card } };
}

const asksEmail = ({ customer, customer_email }: Stripe.Checkout.Session) =>
  customer === null && customer_email === null;

function closed(session: Stripe.Checkout.Session | undefined, reply: FastifyReply): void {
  if (session === undefined) {
    return void sendPage(reply, 404, messagePage('Page not found', 'There is no such Checkout session.'));
  }
  const back = session.cancel_url ? { href: session.cancel_url, label: '← back' } : null;
  if (session.status === 'complete') {
    return void sendPage(reply, 200, messagePage('You’re all done here', 'This payment is complete.'));
  }
  if (session.status === 'open') {
    const how =
      'Here a single payment is made with the API (POST /v1/payment_pages/…/confirm), as Stripe’s own CLI does.';
    return void sendPage(reply, 501, messagePage('No page for single payments', how, back));
  }
  return void sendPage(reply, 410, messagePage('This page has expired', 'Start again from the shop.', back));
}
