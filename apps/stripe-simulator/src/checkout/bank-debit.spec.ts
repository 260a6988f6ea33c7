import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  advance,
  day,
  eventsAbout,
  latestInvoice,
  openCheckout,
  startSimulator,
  submit,
  typesAbout,
} from '../start-simulator.spec-support.js';
import type { Simulator } from '../start-simulator.spec-support.js';

const payingAccount = '000123456789';
const failingAccount = '000222222227';

describe('a bank debit', () => {
  let simulator: Simulator;
  beforeAll(async () => {
    simulator = await startSimulator();
  });
  afterAll(() => simulator.stop());

  const payBy = async (bank_account: string) => {
    const { customer, session, pageUrl } = await openCheckout(simulator);
    const answer = await submit(pageUrl, { bank_account, action: 'pay' });
    const [subscription] = (await simulator.stripe.subscriptions.list({ customer: customer.id })).data;
    return { customer, session, answer, subscription };
  };
  const sessionOf = (id: string) => simulator.stripe.checkout.sessions.retrieve(id);

  it('completes the session unpaid, with the invoice open and the subscription active', async () => {
    const { customer, session, answer, subscription } = await payBy(payingAccount);
    expect(answer.status).toBe(303);
    expect(await sessionOf(session.id)).toMatchObject({ status: 'complete', payment_status: 'unpaid' });
    expect(subscription?.status).toBe('active');
    expect(await latestInvoice(simulator, customer.id)).toMatchObject({ status: 'open', attempted: true });
    expect(await typesAbout(simulator, subscription?.id ?? '')).not.toContain('invoice.paid');
  });

  it('is paid four days later', async () => {
    const { customer, session, subscription } = await payBy(payingAccount);
    const paidAt = (subscription?.created ?? 0) + 4 * day;
    await advance(simulator, { to: paidAt });
    expect(await sessionOf(session.id)).toMatchObject({ payment_status: 'paid' });
    expect(await latestInvoice(simulator, customer.id)).toMatchObject({
      status: 'paid',
      attempt_count: 1,
      status_transitions: { paid_at: paidAt },
    });
    const about = await eventsAbout(simulator, session.id);
    expect(about.map(({ type }) => type)).toEqual([
      'checkout.session.completed',
      'checkout.session.async_payment_succeeded',
    ]);
    expect(about[1]?.created).toBe(paidAt);
  });

  it('that fails says so four days later, and leaves the subscription past due', async () => {
    const { customer, session, subscription } = await payBy(failingAccount);
    await advance(simulator, { seconds: 4 * day });
    expect(await sessionOf(session.id)).toMatchObject({ payment_status: 'unpaid' });
    expect(await typesAbout(simulator, session.id)).toContain('checkout.session.async_payment_failed');
    expect(await latestInvoice(simulator, customer.id)).toMatchObject({ status: 'open', attempt_count: 1 });
    const after = await simulator.stripe.subscriptions.retrieve(subscription?.id ?? '');
    expect(after.status).toBe('past_due');
    expect(await typesAbout(simulator, after.id)).toContain('invoice.payment_failed');
  });

  it('takes no account but the two of Stripe’s that it knows', async () => {
    const { answer } = await payBy('123');
    expect([answer.status, answer.html.includes('account number is invalid')]).toEqual([400, true]);
  });
});
