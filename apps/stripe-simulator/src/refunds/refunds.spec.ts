import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventsAbout, latestInvoice, startSimulator, subscribe, typesAbout } from '../start-simulator.spec-support.js';
import type { Simulator } from '../start-simulator.spec-support.js';
import { stepFrom } from '../disputes/dispute.js';

/** What a subscription's first invoice was paid with. */
async function paid(simulator: Simulator) {
  const { stripe } = simulator;
  const made = await subscribe(simulator);
  const invoice = await latestInvoice(simulator, made.customer.id);
  const [payment] = (await stripe.invoicePayments.list({ invoice: invoice.id })).data;
  const intent = payment?.payment.payment_intent;
  if (typeof intent !== 'string') throw new Error('the invoice was paid with no payment intent');
  const { latest_charge: charge } = await stripe.paymentIntents.retrieve(intent);
  if (typeof charge !== 'string') throw new Error('the payment intent has no charge');
  return { ...made, invoice, intent, charge };
}

describe('a refund', () => {
  let simulator: Simulator;
  beforeAll(async () => {
    simulator = await startSimulator();
  });
  afterAll(() => simulator.stop());

  it('of all of it is told by refund.created and charge.refunded, and finds its invoice', async () => {
    const { stripe } = simulator;
    const { intent, charge, invoice, customer } = await paid(simulator);
    const refund = await stripe.refunds.create({ payment_intent: intent, reason: 'requested_by_customer' });
    expect(refund).toMatchObject({ amount: 999, status: 'succeeded', charge, payment_intent: intent });
    expect(await stripe.charges.retrieve(charge)).toMatchObject({
      amount_refunded: 999,
      refunded: true,
      customer: customer.id,
    });
    const events = await eventsAbout(simulator, charge);
    expect(events.map(({ type }) => type)).toEqual(['refund.created', 'charge.refunded']);
    expect(events[1]?.data.previous_attributes).toEqual({ amount_refunded: 0, refunded: false });
    const { data } = await stripe.invoicePayments.list({ payment: { type: 'payment_intent', payment_intent: intent } });
    expect(data.map((payment) => payment.invoice)).toEqual([invoice.id]);
    expect((await stripe.invoices.retrieve(invoice.id)).status).toBe('paid');
  });

  it('of a part leaves the rest, up to what was paid', async () => {
    const { stripe } = simulator;
    const { charge } = await paid(simulator);
    await stripe.refunds.create({ charge, amount: 400 });
    expect(await stripe.charges.retrieve(charge)).toMatchObject({ amount_refunded: 400, refunded: false });
    await expect(stripe.refunds.create({ charge, amount: 600 })).rejects.toMatchObject({ param: 'amount' });
    expect((await stripe.refunds.create({ charge })).amount).toBe(599);
    await expect(stripe.refunds.create({ charge })).rejects.toMatchObject({ code: 'charge_already_refunded' });
    expect((await stripe.refunds.list({ charge })).data.map(({ amount }) => amount)).toEqual([599, 400]);
  });

  it('says when something about it changes', async () => {
    const { charge } = await paid(simulator);
    const { id } = await simulator.stripe.refunds.create({ charge });
    await simulator.stripe.refunds.update(id, { metadata: { ticket: '7' } });
    expect((await typesAbout(simulator, id)).slice(-2)).toEqual(['charge.refund.updated', 'refund.updated']);
  });

  it('names one charge, and one that exists', async () => {
    const { stripe } = simulator;
    await expect(stripe.refunds.create({})).rejects.toMatchObject({ statusCode: 400 });
    await expect(stripe.refunds.create({ charge: 'ch_x' })).rejects.toMatchObject({ code: 'resource_missing' });
  });
});

describe('a dispute', () => {
  let simulator: Simulator;
  beforeAll(async () => {
    simulator = await startSimulator();
  });
  afterAll(() => simulator.stop());

  const open = async (extra: object = {}) => {
    const made = await paid(simulator);
    const { body } = await simulator.post('/_simulator/disputes', { invoice: made.invoice.id, ...extra });
    const [dispute] = (await simulator.stripe.disputes.list({ charge: made.charge })).data;
    if (!dispute) throw new Error(`no dispute: ${JSON.stringify(body)}`);
    const step = (to: string) => simulator.post(`/_simulator/disputes/${dispute.id}`, { to });
    const current = () => simulator.stripe.disputes.retrieve(dispute.id);
    return { ...made, dispute, step, current };
  };

  it('takes the money at once, and names the payment that leads to its invoice', async () => {
    const { dispute, charge, intent } = await open();
    expect(dispute).toMatchObject({ status: 'needs_response', amount: 999, charge, payment_intent: intent });
    expect((await simulator.stripe.charges.retrieve(charge)).disputed).toBe(true);
    expect(await typesAbout(simulator, dispute.id)).toEqual([
      'charge.dispute.created',
      'charge.dispute.funds_withdrawn',
    ]);
    await expect(simulator.stripe.refunds.create({ charge })).rejects.toMatchObject({ code: 'charge_disputed' });
  });

  it('that is won gives it back', async () => {
    const { dispute, step, current } = await open();
    await simulator.stripe.disputes.update(dispute.id, { evidence: { uncategorized_text: 'They used it.' } });
    expect(await current()).toMatchObject({ status: 'under_review', evidence_details: { submission_count: 1 } });
    await step('win');
    expect((await current()).status).toBe('won');
    expect((await typesAbout(simulator, dispute.id)).slice(-2)).toEqual([
      'charge.dispute.closed',
      'charge.dispute.funds_reinstated',
    ]);
  });

  it('that is lost keeps it, also when the merchant gives in', async () => {
    const one = await open();
    await one.step('lose');
    expect((await one.current()).status).toBe('lost');
    const two = await open();
    expect(await simulator.stripe.disputes.close(two.dispute.id)).toMatchObject({ status: 'lost' });
    expect((await typesAbout(simulator, two.dispute.id)).at(-1)).toBe('charge.dispute.closed');
  });

  it('that is only an inquiry moves no money until it is escalated', async () => {
    const { dispute, charge, step, current } = await open({ kind: 'inquiry' });
    expect(dispute).toMatchObject({ status: 'warning_needs_response', is_charge_refundable: true });
    expect((await simulator.stripe.charges.retrieve(charge)).disputed).toBe(false);
    await step('submit');
    expect((await current()).status).toBe('warning_under_review');
    await step('escalate');
    expect((await current()).status).toBe('needs_response');
    expect((await typesAbout(simulator, dispute.id)).at(-1)).toBe('charge.dispute.funds_withdrawn');
  });

  it('that is only an inquiry can end as a warning', async () => {
    const { step, current } = await open({ kind: 'inquiry' });
    expect((await step('win')).status).toBe(400);
    await step('close');
    expect((await current()).status).toBe('warning_closed');
  });

  it.each([
    ['pm_card_createDispute', 'needs_response', ['charge.dispute.created', 'charge.dispute.funds_withdrawn']],
    ['pm_card_createDisputeInquiry', 'warning_needs_response', ['charge.dispute.created']],
  ])('comes by itself of an invoice that is paid with %s: %s', async (card, status, told) => {
    const { stripe } = simulator;
    const customer = await stripe.customers.create({
      payment_method: card,
      invoice_settings: { default_payment_method: card },
    });
    await stripe.subscriptions.create({ customer: customer.id, items: [{ price: 'price_pro_monthly' }] });
    const [charge] = (await stripe.charges.list({ customer: customer.id })).data;
    const [dispute, ...others] = (await stripe.disputes.list({ charge: charge?.id ?? '' })).data;
    expect([dispute?.status, dispute?.amount, others]).toEqual([status, 999, []]);
    expect(await typesAbout(simulator, dispute?.id ?? '')).toEqual(told);
  });

  it('is refused twice at once, for more than was paid, and for what was never paid', async () => {
    const { invoice } = await open();
    const again = await simulator.post('/_simulator/disputes', { invoice: invoice.id });
    expect(again.status).toBe(400);
    const other = await paid(simulator);
    const tooMuch = await simulator.post('/_simulator/disputes', { charge: other.charge, amount: 1000 });
    expect(tooMuch).toMatchObject({ status: 400, body: { error: { param: 'amount' } } });
    expect((await simulator.post('/_simulator/disputes', { invoice: 'in_x' })).status).toBe(404);
  });

  it.each(['won', 'lost', 'warning_closed'])('that is %s goes nowhere', (status) => {
    for (const step of ['submit', 'escalate', 'win', 'lose', 'close'] as const) {
      expect(stepFrom(status, step)).toBeNull();
    }
  });
});

describe('deleting a customer', () => {
  it('cancels what they had, and leaves a customer that is only deleted', async () => {
    const simulator = await startSimulator();
    try {
      const { stripe } = simulator;
      const { customer, subscription } = await subscribe(simulator);
      expect(await stripe.customers.del(customer.id)).toEqual(
        expect.objectContaining({ id: customer.id, object: 'customer', deleted: true }),
      );
      expect(await stripe.customers.retrieve(customer.id)).toMatchObject({ deleted: true });
      expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('canceled');
      expect((await typesAbout(simulator, customer.id)).slice(-2)).toEqual([
        'customer.subscription.deleted',
        'customer.deleted',
      ]);
      const session = stripe.billingPortal.sessions.create({ customer: customer.id });
      await expect(session).rejects.toMatchObject({ code: 'resource_missing' });
      const listed = await stripe.subscriptions.list({
        customer: customer.id,
        status: 'all',
        price: 'price_pro_monthly',
      });
      expect(listed.data.map(({ id }) => id)).toEqual([subscription.id]);
    } finally {
      await simulator.stop();
    }
  });
});
