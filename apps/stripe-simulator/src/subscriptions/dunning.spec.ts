import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  advance,
  cards,
  changeCard,
  day,
  endOf,
  eventsAbout,
  latestInvoice,
  startSimulator,
  submit,
  subscribe,
  typesAbout,
} from '../start-simulator.spec-support.js';
import type { Simulator } from '../start-simulator.spec-support.js';
import { nextAttempt } from './dunning.js';

describe('a renewal that is not paid', () => {
  let simulator: Simulator;
  beforeAll(async () => {
    simulator = await startSimulator();
  });
  beforeEach(() => simulator.post('/_simulator/reset', {}));
  afterAll(() => simulator.stop());

  const retrieve = (id: string) => simulator.stripe.subscriptions.retrieve(id);
  /** A subscription whose first renewal, at `due`, has just failed. */
  const failRenewal = async () => {
    const made = await subscribe(simulator);
    await changeCard(simulator, made.customer.id, cards.failsWhenCharged);
    const due = endOf(made.subscription);
    await advance(simulator, { to: due });
    return { ...made, due };
  };

  it('leaves the subscription past due, and says when it will be tried again', async () => {
    const { customer, subscription, due } = await failRenewal();
    expect((await retrieve(subscription.id)).status).toBe('past_due');
    const invoice = await latestInvoice(simulator, customer.id);
    expect(invoice).toMatchObject({
      status: 'open',
      attempted: true,
      attempt_count: 1,
      amount_remaining: 999,
      next_payment_attempt: due + 3 * day,
    });
    const types = await typesAbout(simulator, invoice.id);
    expect(types).toEqual([
      'customer.subscription.updated',
      'invoice.created',
      'invoice.finalized',
      'invoice.payment_failed',
      'invoice.updated',
      'customer.subscription.updated',
    ]);
    const { data } = await simulator.stripe.invoicePayments.list({ invoice: invoice.id });
    expect(data).toMatchObject([{ status: 'open', amount_paid: null, amount_requested: 999 }]);
  });

  it('is paid by a later attempt with another card, and the subscription is active again', async () => {
    const { customer, subscription, due } = await failRenewal();
    await changeCard(simulator, customer.id, '4242424242424242');
    await advance(simulator, { to: due + 3 * day });
    expect((await retrieve(subscription.id)).status).toBe('active');
    expect(await latestInvoice(simulator, customer.id)).toMatchObject({
      status: 'paid',
      attempt_count: 2,
      next_payment_attempt: null,
      status_transitions: { paid_at: due + 3 * day },
    });
  });

  it('can be paid by the customer on the hosted invoice page, with another card', async () => {
    const { customer, subscription } = await failRenewal();
    const { hosted_invoice_url: url } = await latestInvoice(simulator, customer.id);
    const again = await submit(url ?? '', {});
    expect(again.location).toContain('failed=declined');
    await submit(url ?? '', { card_number: '4242424242424242', exp: '12/34', cvc: '123' });
    expect((await retrieve(subscription.id)).status).toBe('active');
    expect(await (await fetch(url ?? '')).text()).toContain('Paid');
  });

  it('is tried three times more, after 3, 5 and 7 days, and then cancels the subscription', async () => {
    const { subscription, customer, due } = await failRenewal();
    await advance(simulator, { to: due + 15 * day });
    const ended = await retrieve(subscription.id);
    expect(ended).toMatchObject({
      status: 'canceled',
      ended_at: due + 15 * day,
      cancellation_details: { reason: 'payment_failed' },
    });
    const failures = (await eventsAbout(simulator, subscription.id)).filter(
      ({ type }) => type === 'invoice.payment_failed',
    );
    expect(failures.map(({ created }) => (created - due) / day)).toEqual([0, 3, 8, 15]);
    expect(await latestInvoice(simulator, customer.id)).toMatchObject({ attempt_count: 4, next_payment_attempt: null });
    await advance(simulator, { seconds: 60 * day });
    expect((await latestInvoice(simulator, customer.id)).attempt_count).toBe(4);
  });

  it.each(['unpaid', 'past_due'] as const)('leaves it %s in the end where the account says so', async (choice) => {
    const dunning = { retry_after_days: [1], when_exhausted: choice };
    expect((await simulator.post('/_simulator/settings', { dunning })).body).toMatchObject({ dunning });
    const { subscription, due } = await failRenewal();
    await advance(simulator, { to: due + 2 * day });
    expect((await retrieve(subscription.id)).status).toBe(choice);
  });

  it('pauses it in the end where the account says so, and names the reason', async () => {
    await simulator.post('/_simulator/settings', { dunning: { retry_after_days: [], when_exhausted: 'pause' } });
    const { subscription } = await failRenewal();
    expect(await retrieve(subscription.id)).toMatchObject({
      status: 'paused',
      status_details: { paused: { subscription: { type: 'final_payment_failure' } } },
    });
  });

  it('is only drafted while the subscription is unpaid', async () => {
    await simulator.post('/_simulator/settings', { dunning: { retry_after_days: [1], when_exhausted: 'unpaid' } });
    const { customer, due } = await failRenewal();
    await advance(simulator, { to: due + 40 * day });
    expect(await latestInvoice(simulator, customer.id)).toMatchObject({ status: 'draft', auto_advance: false });
  });

  it('makes the API say so when the bank refuses, and takes a method that pays', async () => {
    const { stripe } = simulator;
    const { customer } = await failRenewal();
    const { id } = await latestInvoice(simulator, customer.id);
    await expect(stripe.invoices.pay(id)).rejects.toMatchObject({ statusCode: 402, code: 'card_declined' });
    const method = await stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id });
    expect(await stripe.invoices.pay(id, { payment_method: method.id })).toMatchObject({ status: 'paid' });
    await expect(stripe.invoices.pay(id)).rejects.toMatchObject({ code: 'invoice_already_paid' });
  });

  it.each([
    ['an unknown end', { dunning: { when_exhausted: 'forgive' } }],
    ['a retry after no time', { dunning: { retry_after_days: [0] } }],
    ['an unknown field', { colour: 'red' }],
  ])('refuses settings with %s', async (_name, settings) => {
    expect((await simulator.post('/_simulator/settings', settings)).status).toBe(400);
  });
});

it('the next attempt follows the schedule, and after its end there is none', () => {
  const dunning = { retry_after_days: [3, 5], when_exhausted: 'cancel' as const };
  expect([1, 2, 3].map((attempts) => nextAttempt(dunning, attempts, 1000))).toEqual([
    1000 + 3 * day,
    1000 + 5 * day,
    null,
  ]);
});
