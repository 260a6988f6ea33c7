import { Body, Controller, Get, Param, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type Stripe from 'stripe';
import { readCard } from '../customers/card.js';
import { aCardMethod } from '../customers/payment-method.js';
import { attach } from '../customers/payment-method-routes.js';
import { formFields } from '../pages/form.js';
import { messagePage } from '../pages/layout.page.js';
import { sendPage } from '../pages/send.js';
import { openChallenge } from '../payments/challenge.js';
import { hasFailedAuthentication, isDeclined } from '../payments/verdict.js';
import { payInvoice } from '../subscriptions/bill.js';
import { idOf, newId, newIdempotencyKey } from '../world/ids.js';
import { World } from '../world/world.js';
import { methodFor } from './collect.js';
import { invoicePage } from './invoice.page.js';
import { verdictOnMethod } from './method-verdict.js';

const failures: Record<string, string> = {
  authentication: hasFailedAuthentication.message,
  declined: isDeclined.message,
};

/** The hosted invoice page, where what is open can be paid: with the card on file, or with another. */
@Controller('i')
export class InvoiceController {
  constructor(private readonly world: World) {}

  @Get(':id')
  show(@Param('id') id: string, @Query('failed') failed: string | undefined, @Res() reply: FastifyReply): void {
    const invoice = this.world.invoices.get(id);
    if (invoice === undefined) return notFound(reply);
    void sendPage(reply, 200, invoicePage(invoice, failures[failed ?? ''] ?? null));
  }

  @Post(':id')
  submit(@Param('id') id: string, @Body() body: unknown, @Res() reply: FastifyReply): void {
    const invoice = this.world.invoices.get(id);
    if (invoice === undefined) return notFound(reply);
    if (invoice.status !== 'open') return void reply.redirect(`/i/${id}`, 303);
    const form = formFields(body);
    if ((form.card_number ?? '') === '') return this.pay(invoice, methodFor(this.world, invoice), reply);
    const read = readCard(form, this.world.now());
    if (read.kind === 'invalid') return void sendPage(reply, 400, invoicePage(invoice, read.message));
    const customer = this.world.customers.get(idOf(invoice.customer) ?? '');
    if (customer === undefined) return notFound(reply);
    const method = this.asRequest(() =>
      attach(this.world, aCardMethod({ customer, card: read.card, created: this.world.now() })),
    );
    this.pay(invoice, method.id, reply);
  }

  private pay(invoice: Stripe.Invoice, method: string | null, reply: FastifyReply): void {
    const page = `/i/${invoice.id}`;
    if (verdictOnMethod(this.world, method).kind === 'action_required' && method !== null) {
      const purpose = { kind: 'invoice', invoice: invoice.id, method } as const;
      return void reply.redirect(openChallenge(this.world, purpose), 303);
    }
    const verdict = this.asRequest(() => payInvoice(this.world, invoice, method === null ? {} : { method }));
    void reply.redirect(verdict.kind === 'declined' ? `${page}?failed=declined` : page, 303);
  }

  /** The page's own call to the API: its events name a request the merchant never made. */
  private asRequest<T>(work: () => T): T {
    return this.world.causedBy({ id: newId('req_'), idempotencyKey: newIdempotencyKey() }, work);
  }
}

const notFound = (reply: FastifyReply): void =>
  void sendPage(reply, 404, messagePage('Page not found', 'There is no such invoice.'));
