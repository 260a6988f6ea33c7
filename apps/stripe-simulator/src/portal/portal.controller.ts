import { Body, Controller, Get, Param, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type Stripe from 'stripe';
import { attachCard } from '../customers/payment-method-routes.js';
import { chargeCard } from '../customers/card.js';
import { formFields } from '../pages/form.js';
import { messagePage } from '../pages/layout.page.js';
import { sendPage } from '../pages/send.js';
import {
  cancelNow,
  changePrice,
  saveSubscription,
  withoutScheduledEnd,
  withScheduledEnd,
} from '../subscriptions/lifecycle.js';
import { currentPeriodEnd, isEnding, isLive } from '../subscriptions/subscription.js';
import { idOf, newId, newIdempotencyKey } from '../world/ids.js';
import { World } from '../world/world.js';
import { portalPage } from './portal.page.js';

const doneTexts: Record<string, string> = {
  cancel_at_period_end: 'Your plan stays until the end of the period and will not renew.',
  renew: 'Your plan will renew.',
  change_plan: 'Your plan was changed.',
  cancel_now: 'Your plan has ended.',
  update_card: 'Your card was saved.',
};

/** The hosted billing portal of one customer. */
@Controller('p/session')
export class PortalController {
  constructor(private readonly world: World) {}

  @Get(':id')
  show(@Param('id') id: string, @Query('done') done: string | undefined, @Res() reply: FastifyReply): void {
    const text = doneTexts[done ?? ''];
    this.answer(id, reply, text === undefined ? null : { isProblem: false, text });
  }

  @Post(':id')
  submit(@Param('id') id: string, @Body() body: unknown, @Res() reply: FastifyReply): void {
    const customer = this.customer(id);
    if (customer === undefined) return gone(reply);
    const form = formFields(body);
    const cause = { id: newId('req_'), idempotencyKey: newIdempotencyKey() };
    const problem = this.world.causedBy(cause, () => this.perform(customer, form));
    if (problem !== null) return this.answer(id, reply, { isProblem: true, text: problem });
    void reply.redirect(`/p/session/${id}?done=${encodeURIComponent(form.action ?? '')}`, 303);
  }

  /** Answers what is wrong, or null when it is done. */
  private perform(customer: Stripe.Customer, form: Record<string, string>): string | null {
    if (form.action === 'update_card') return this.updateCard(customer, form);
    const subscription = this.world.subscriptions.get(form.subscription ?? '');
    if (subscription?.customer !== customer.id || !isLive(subscription)) return 'That subscription has ended already.';
    switch (form.action) {
      case 'cancel_at_period_end': {
        const end = { at: currentPeriodEnd(subscription), isAtPeriodEnd: false, requestedAt: this.world.now() };
        saveSubscription(this.world, withScheduledEnd(subscription, end));
        return null;
      }
      case 'renew':
        saveSubscription(this.world, withoutScheduledEnd(subscription));
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
    changePrice(this.world, subscription, { itemId: item.id, price, quantity: item.quantity });
    return null;
  }

  /** Saving a card becomes the default of the customer and of what they subscribe to. */
  private updateCard(customer: Stripe.Customer, form: Record<string, string>): string | null {
    const outcome = chargeCard(form, this.world.now());
    if (outcome.kind !== 'charged') return outcome.message;
    const method = attachCard(this.world, customer, outcome.card);
    const settings = { ...customer.invoice_settings, default_payment_method: method.id };
    this.world.update(this.world.customers, 'customer.updated', { ...customer, invoice_settings: settings });
    for (const subscription of this.subscriptions(customer).filter(isLive)) {
      saveSubscription(this.world, { ...subscription, default_payment_method: method.id });
    }
    return null;
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
    return [...this.world.prices.values()].filter(({ id, active }) => active && id !== items.data[0]?.price.id);
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
