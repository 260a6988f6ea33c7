import { Body, Controller, Get, Param, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type Stripe from 'stripe';
import { readCard } from '../customers/card.js';
import { formFields } from '../pages/form.js';
import { messagePage } from '../pages/layout.page.js';
import { sendPage } from '../pages/send.js';
import { openChallenge } from '../payments/challenge.js';
import { hasFailedAuthentication } from '../payments/verdict.js';
import { applyChange, planChange } from '../subscriptions/change.js';
import { cancelNow, saveSubscription, withScheduledEnd } from '../subscriptions/lifecycle.js';
import { currentPeriodEnd, isEnding, isLive, withoutEnd } from '../subscriptions/subscription.js';
import { idOf, newId, newIdempotencyKey } from '../world/ids.js';
import { World } from '../world/world.js';
import { portalPage } from './portal.page.js';
import { saveCard, verdictOnSaving } from './save-card.js';

const doneTexts: Record<string, string> = {
  cancel_at_period_end: 'Your plan stays until the end of the period and will not renew.',
  renew: 'Your plan will renew.',
  change_plan: 'Your plan was changed.',
  cancel_now: 'Your plan has ended.',
  update_card: 'Your card was saved.',
};

interface Submission {
  form: Record<string, string>;
  reply: FastifyReply;
}

/** The hosted billing portal of one customer. */
@Controller('p/session')
export class PortalController {
  constructor(private readonly world: World) {}

  @Get(':id')
  show(@Param('id') id: string, @Query() query: Record<string, string>, @Res() reply: FastifyReply): void {
    if (query.failed !== undefined) {
      return this.answer(id, reply, { isProblem: true, text: hasFailedAuthentication.message });
    }
    const text = doneTexts[query.done ?? ''];
    this.answer(id, reply, text === undefined ? null : { isProblem: false, text });
  }

  @Post(':id')
  submit(@Param('id') id: string, @Body() body: unknown, @Res() reply: FastifyReply): void {
    const customer = this.customer(id);
    if (customer === undefined) return gone(reply);
    const form = formFields(body);
    if (form.action === 'update_card') return this.updateCard(id, customer, { form, reply });
    const cause = { id: newId('req_'), idempotencyKey: newIdempotencyKey() };
    const problem = this.world.causedBy(cause, () => this.perform(customer, form));
    if (problem !== null) return this.answer(id, reply, { isProblem: true, text: problem });
    void reply.redirect(this.onward(id, form.action ?? ''), 303);
  }

  /** Who came for one thing only goes back when it is done, if the session says so. */
  private onward(id: string, done: string): string {
    const redirect = this.world.portalSessions.get(id)?.flow?.after_completion.redirect;
    return redirect?.return_url ?? `/p/session/${id}?done=${encodeURIComponent(done)}`;
  }

  /** Answers what is wrong, or null when it is done. */
  private perform(customer: Stripe.Customer, form: Record<string, string>): string | null {
    const subscription = this.world.subscriptions.get(form.subscription ?? '');
    if (subscription?.customer !== customer.id || !isLive(subscription)) return 'That subscription has ended already.';
    switch (form.action) {
      case 'cancel_at_period_end': {
        const end = { at: currentPeriodEnd(subscription), isAtPeriodEnd: false, requestedAt: this.world.now() };
        saveSubscription(this.world, withScheduledEnd(subscription, end));
        return null;
      }
      case 'renew':
        saveSubscription(this.world, withoutEnd(subscription));
        return null;
      case 'change_plan':
        return this.changePlan(subscription, form.price ?? '');
      case 'cancel_now':
        cancelNow(this.world, subscription);
        return null;
      default:
        return 'This page cannot do that.';
    }
  }

  private changePlan(subscription: Stripe.Subscription, priceId: string): string | null {
    // With another interval it would be billed for a period that its scheduled end cuts short.
    if (isEnding(subscription)) return 'Keep your plan first: it is about to end.';
    const price = this.choices(subscription).find(({ id }) => id === priceId);
    const [item] = subscription.items.data;
    if (price === undefined || item === undefined) return 'You cannot change to that plan.';
    // Portal configurations that prorate are not modelled: the next invoice has the new amount.
    const change = { id: item.id, price, quantity: item.quantity ?? 1, isDeleted: false };
    const prorationDate = this.world.now();
    const plan = planChange(this.world, subscription, {
      items: [change],
      proration: 'none',
      prorationDate,
      isNewCycle: false,
    });
    applyChange(this.world, subscription, { plan, payment: 'allow_incomplete' });
    return null;
  }

  private updateCard(id: string, customer: Stripe.Customer, { form, reply }: Submission): void {
    const read = readCard(form, this.world.now());
    if (read.kind === 'invalid') return this.answer(id, reply, { isProblem: true, text: read.message });
    const { card } = read;
    const verdict = verdictOnSaving(card);
    if (verdict.kind === 'declined') return this.answer(id, reply, { isProblem: true, text: verdict.message });
    if (verdict.kind === 'action_required') {
      const purpose = { kind: 'portal', session: id, customer: customer.id, card } as const;
      return void reply.redirect(openChallenge(this.world, purpose), 303);
    }
    const cause = { id: newId('req_'), idempotencyKey: newIdempotencyKey() };
    this.world.causedBy(cause, () => saveCard(this.world, customer, { card, hasAuthenticated: false }));
    void reply.redirect(this.onward(id, 'update_card'), 303);
  }

  private answer(id: string, reply: FastifyReply, message: { isProblem: boolean; text: string } | null): void {
    const session = this.world.portalSessions.get(id);
    const customer = this.customer(id);
    if (session === undefined || customer === undefined) return gone(reply);
    const own = this.subscriptions(customer);
    const view = portalPage({
      session,
      customer,
      subscriptions: own.map((subscription) => ({
        subscription,
        plan: this.planName(subscription.items.data[0]?.price),
        choices: this.choices(subscription).map((price) => ({ price, plan: this.planName(price) })),
      })),
      card: this.card(customer, own),
      invoices: [...this.world.invoices.values()].filter((row) => row.customer === customer.id).reverse(),
      message,
    });
    void sendPage(reply, message?.isProblem ? 400 : 200, view);
  }

  private customer(sessionId: string): Stripe.Customer | undefined {
    return this.world.customers.get(this.world.portalSessions.get(sessionId)?.customer ?? '');
  }

  private subscriptions(customer: Stripe.Customer): Stripe.Subscription[] {
    return [...this.world.subscriptions.values()].filter((row) => row.customer === customer.id);
  }

  /** The prices that are for sale, without the one it has. */
  private choices({ items }: Stripe.Subscription): Stripe.Price[] {
    return [...this.world.prices.values()].filter(
      ({ id, active, recurring }) => active && recurring !== null && id !== items.data[0]?.price.id,
    );
  }

  /** The card that pays, or the last one saved: Checkout makes its card the default of the subscription only. */
  private card(customer: Stripe.Customer, own: Stripe.Subscription[]): Stripe.PaymentMethod.Card | null {
    const paying = idOf(
      own.findLast(isLive)?.default_payment_method ?? customer.invoice_settings.default_payment_method,
    );
    const methods = [...this.world.paymentMethods.values()].filter((row) => row.customer === customer.id);
    return (methods.find(({ id }) => id === paying) ?? methods.at(-1))?.card ?? null;
  }

  private planName(price: Stripe.Price | undefined): string {
    return this.world.products.get(idOf(price?.product) ?? '')?.name ?? 'Subscription';
  }
}

const gone = (reply: FastifyReply): void =>
  void sendPage(reply, 404, messagePage('Page not found', 'There is no such portal session.'));
