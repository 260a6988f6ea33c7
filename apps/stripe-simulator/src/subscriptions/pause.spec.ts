import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  advance,
  authenticate,
  cards,
  changeCard,
  day,
  endOf,
  latestInvoice,
  startSimulator,
  submit,
  subscribe,
  typesAbout,
} from '../start-simulator.spec-support.js';
import type { Simulator } from '../start-simulator.spec-support.js';

describe('pausing', () => {
  let simulator: Simulator;
  beforeAll(async () => {
    simulator = await startSimulator();
  });
  afterAll(() => simulator.stop());

  const retrieve = (id: string) => simulator.stripe.subscriptions.retrieve(id);

  describe('collection', () => {
    it.each([
      ['void', 'void'],
      ['mark_uncollectible', 'uncollectible'],
      ['keep_as_draft', 'draft'],
    ] as const)('%s renews without taking anything: the invoice is %s', async (behavior, status) => {
      const { subscription, customer } = await subscribe(simulator);
      const paused = await simulator.stripe.subscriptions.update(subscription.id, { pause_collection: { behavior } });
      expect(paused).toMatchObject({ status: 'active', pause_collection: { behavior, resumes_at: null } });
      await advance(simulator, { to: endOf(subscription) });
      expect(await latestInvoice(simulator, customer.id)).toMatchObject({ status, amount_paid: 0 });
      expect((await retrieve(subscription.id)).status).toBe('active');
    });

    it('is taken up again at the time that was named, or by unsetting it', async () => {
      const { stripe } = simulator;
      const { subscription } = await subscribe(simulator);
      const resumes_at = subscription.created + 10 * day;
      await stripe.subscriptions.update(subscription.id, { pause_collection: { behavior: 'void', resumes_at } });
      await advance(simulator, { to: resumes_at });
      expect((await retrieve(subscription.id)).pause_collection).toBeNull();
      await stripe.subscriptions.update(subscription.id, { pause_collection: { behavior: 'void' } });
      const resumed = await stripe.subscriptions.update(subscription.id, { pause_collection: '' });
      expect(resumed.pause_collection).toBeNull();
    });
  });

  describe('a subscription', () => {
    const pauseHalfway = async () => {
      const made = await subscribe(simulator);
      const start = made.subscription.items.data[0]?.current_period_start ?? 0;
      const half = Math.round((start + endOf(made.subscription)) / 2);
      await advance(simulator, { to: half });
      const paused = await simulator.stripe.subscriptions.pause(made.subscription.id);
      return { ...made, half, paused };
    };

    it('keeps it from renewing, and names the reason', async () => {
      const { subscription, customer, paused } = await pauseHalfway();
      expect(paused).toMatchObject({
        status: 'paused',
        status_details: { paused: { type: 'subscription', subscription: { type: 'pause_requested' } } },
      });
      expect(await typesAbout(simulator, subscription.id)).toEqual(
        expect.arrayContaining(['invoiceitem.created', 'customer.subscription.paused']),
      );
      await advance(simulator, { seconds: 90 * day });
      expect((await retrieve(subscription.id)).status).toBe('paused');
      expect((await latestInvoice(simulator, customer.id)).billing_reason).toBe('subscription_create');
    });

    it('is resumed with a new period, less what was not used of the old one', async () => {
      const { subscription, customer } = await pauseHalfway();
      await advance(simulator, { seconds: 40 * day });
      const resumed = await simulator.stripe.subscriptions.resume(subscription.id);
      expect(resumed.status).toBe('active');
      expect(resumed).not.toHaveProperty('status_details');
      const invoice = await latestInvoice(simulator, customer.id);
      const [credit = 0, charge] = invoice.lines.data.map(({ amount }) => amount);
      expect(Math.abs(credit + 500)).toBeLessThanOrEqual(1);
      expect([charge, invoice.status]).toEqual([999, 'paid']);
      expect(invoice.lines.data[1]?.period.end).toBe(endOf(resumed));
      expect(await typesAbout(simulator, subscription.id)).toContain('customer.subscription.resumed');
    });

    it('is resumed in its old cycle without a bill where nothing is to be prorated', async () => {
      const { subscription, customer } = await pauseHalfway();
      const resumed = await simulator.stripe.subscriptions.resume(subscription.id, {
        billing_cycle_anchor: { type: 'unchanged' },
        proration_behavior: 'none',
      });
      expect([resumed.status, endOf(resumed)]).toEqual(['active', endOf(subscription)]);
      expect((await latestInvoice(simulator, customer.id)).billing_reason).toBe('subscription_create');
    });

    it('is charged for the rest of the old cycle where it is to be prorated', async () => {
      const { subscription, customer, half } = await pauseHalfway();
      await simulator.stripe.subscriptions.resume(subscription.id, {
        billing_cycle_anchor: { type: 'unchanged' },
        proration_behavior: 'always_invoice',
        proration_date: half,
      });
      const { lines } = await latestInvoice(simulator, customer.id);
      expect(lines.data.map(({ amount }) => Math.abs(amount))).toEqual([expect.any(Number), 500]);
    });

    it('stays paused until the payment has come, if it is to wait for that, for 23 hours', async () => {
      const { stripe } = simulator;
      const { subscription, customer } = await pauseHalfway();
      const { location } = await changeCard(simulator, customer.id, cards.authenticatesAlways);
      await authenticate(simulator, location, 'complete');
      const wait = () =>
        stripe.subscriptions.resume(subscription.id, { payment_behavior: 'resume_on_payment_success' });
      expect((await wait()).status).toBe('paused');
      await expect(wait()).rejects.toMatchObject({ statusCode: 400 });
      await advance(simulator, { seconds: 23 * 3600 });
      expect(await latestInvoice(simulator, customer.id)).toMatchObject({ status: 'void' });
      expect((await retrieve(subscription.id)).status).toBe('paused');

      await wait();
      const invoice = await latestInvoice(simulator, customer.id);
      const challenge = await submit(invoice.hosted_invoice_url ?? '', {});
      await authenticate(simulator, challenge.location, 'complete');
      const resumed = await retrieve(subscription.id);
      expect(resumed.status).toBe('active');
      expect(resumed).not.toHaveProperty('status_details');
    });

    it('is past due when it is resumed with a card that does not pay', async () => {
      const { subscription, customer } = await pauseHalfway();
      await changeCard(simulator, customer.id, cards.failsWhenCharged);
      expect((await simulator.stripe.subscriptions.resume(subscription.id)).status).toBe('past_due');
    });

    it('is refused with a schedule attached, once it has ended, and to resume what is not paused', async () => {
      const { stripe } = simulator;
      const { subscription } = await subscribe(simulator);
      await expect(stripe.subscriptions.resume(subscription.id)).rejects.toMatchObject({ statusCode: 400 });
      const schedule = await stripe.subscriptionSchedules.create({ from_subscription: subscription.id });
      await expect(stripe.subscriptions.pause(subscription.id)).rejects.toMatchObject({ statusCode: 400 });
      await stripe.subscriptionSchedules.cancel(schedule.id);
      await expect(stripe.subscriptions.pause(subscription.id)).rejects.toMatchObject({ statusCode: 400 });
    });
  });
});
