import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type Stripe from 'stripe';
import {
  advance,
  authenticate,
  cards,
  changeCard,
  customerWith,
  day,
  endOf,
  latestInvoice,
  startSimulator,
  submit,
  subscribe,
  typesAbout,
} from '../start-simulator.spec-support.js';
import type { Simulator } from '../start-simulator.spec-support.js';
import { shareOf } from './proration.js';

describe('a change in mid-period', () => {
  let simulator: Simulator;
  beforeAll(async () => {
    simulator = await startSimulator();
  });
  afterAll(() => simulator.stop());

  /** Pro monthly, half of whose period has passed at `half`. */
  const halfway = async () => {
    const made = await subscribe(simulator);
    const start = made.subscription.items.data[0]?.current_period_start ?? 0;
    const half = Math.round((start + endOf(made.subscription)) / 2);
    await advance(simulator, { to: half });
    const item = made.subscription.items.data[0]?.id ?? '';
    return { ...made, half, item, to: (price: string) => [{ id: item, price }] };
  };
  const linesOf = ({ lines }: Stripe.Invoice) => lines.data.map(({ amount, description }) => [amount, description]);
  const total = (invoice: Stripe.Invoice) => invoice.lines.data.reduce((sum, { amount }) => sum + amount, 0);

  it('is previewed with the unused and the remaining time, and then billed exactly so', async () => {
    const { stripe } = simulator;
    const { subscription, customer, half, to } = await halfway();
    const details = {
      items: to('price_elite_monthly'),
      proration_behavior: 'always_invoice' as const,
      proration_date: half,
    };
    const preview = await stripe.invoices.createPreview({
      subscription: subscription.id,
      subscription_details: details,
    });
    expect(preview.id).toMatch(/^upcoming_in_/);
    expect(preview.lines.data.map(({ amount }) => amount)).toEqual([-500, 1500]);
    expect(linesOf(preview).map(([, text]) => String(text).replace(/ after.*/, ''))).toEqual([
      'Unused time on Pro',
      'Remaining time on Elite',
    ]);
    expect([preview.total, preview.amount_due]).toEqual([1000, 1000]);
    expect(preview.lines.data[0]).toMatchObject({
      period: { start: half, end: endOf(subscription) },
      parent: { subscription_item_details: { proration: true, subscription: subscription.id } },
    });
    // A preview changes nothing and says nothing.
    expect((await stripe.invoices.list({ customer: customer.id })).data).toHaveLength(1);

    const changed = await stripe.subscriptions.update(subscription.id, { ...details, expand: ['latest_invoice'] });

    const invoice = await latestInvoice(simulator, customer.id);
    expect(linesOf(invoice)).toEqual(linesOf(preview));
    expect(invoice).toMatchObject({ total: 1000, status: 'paid', billing_reason: 'subscription_update' });
    expect(endOf(changed)).toBe(endOf(subscription));
    await advance(simulator, { to: endOf(subscription) });
    expect(await latestInvoice(simulator, customer.id)).toMatchObject({ total: 2999, lines: { data: [{}] } });
  });

  it('waits for the next invoice by default', async () => {
    const { stripe } = simulator;
    const { subscription, customer, half, to } = await halfway();
    // Half a cent is rounded up, and a second later it is less than half: this exact second, however slow the machine.
    const details = { items: to('price_elite_monthly'), proration_date: half };
    const preview = await stripe.invoices.createPreview({
      subscription: subscription.id,
      subscription_details: details,
    });
    const changed = await stripe.subscriptions.update(subscription.id, details);
    expect(changed.latest_invoice).toBe(subscription.latest_invoice);
    expect(await typesAbout(simulator, subscription.id)).toContain('invoiceitem.created');
    await advance(simulator, { to: endOf(subscription) });
    const renewal = await latestInvoice(simulator, customer.id);
    expect(renewal.lines.data.map(({ amount }) => amount)).toEqual([-500, 1500, 2999]);
    expect(renewal).toMatchObject({ total: 3999, amount_paid: 3999 });
    expect(preview.total).toBe(renewal.total);
    await advance(simulator, { seconds: 31 * day });
    expect((await latestInvoice(simulator, customer.id)).total).toBe(2999);
  });

  it('to a cheaper price gives credit, which later invoices use up first', async () => {
    const { stripe } = simulator;
    const { subscription, customer } = await subscribe(simulator, { price: 'price_elite_monthly' });
    const items = [{ id: subscription.items.data[0]?.id ?? '', price: 'price_pro_monthly' }];
    await stripe.subscriptions.update(subscription.id, { items, proration_behavior: 'always_invoice' });
    const credit = await latestInvoice(simulator, customer.id);
    expect(credit.total).toBeLessThan(-1990);
    expect(credit).toMatchObject({ amount_due: 0, status: 'paid', ending_balance: credit.total });
    const owned = await stripe.customers.retrieve(customer.id);
    expect(owned).toMatchObject({ balance: credit.total });
    await advance(simulator, { to: endOf(subscription) });
    expect(await latestInvoice(simulator, customer.id)).toMatchObject({
      total: 999,
      amount_due: 0,
      starting_balance: credit.total,
      ending_balance: credit.total + 999,
    });
  });

  it('to another interval starts a new period now, less what was not used', async () => {
    const { stripe } = simulator;
    const { subscription, customer, half, to } = await halfway();
    const items = to('price_pro_yearly');
    const { total: previewed } = await stripe.invoices.createPreview({
      subscription: subscription.id,
      subscription_details: { items, proration_date: half },
    });
    const changed = await stripe.subscriptions.update(subscription.id, { items, proration_date: half });
    const invoice = await latestInvoice(simulator, customer.id);
    expect(invoice.lines.data.map(({ amount }) => amount)).toEqual([-500, 9900]);
    expect([invoice.total, previewed]).toEqual([9400, 9400]);
    expect(changed.items.data[0]?.current_period_start).toBeGreaterThanOrEqual(half);
    expect(changed.billing_cycle_anchor).toBe(changed.items.data[0]?.current_period_start);
  });

  it('can begin a new period by the billing cycle anchor, which since endive is an object', async () => {
    const { stripe } = simulator;
    const { subscription, half } = await halfway();
    const changed = await stripe.subscriptions.update(subscription.id, { billing_cycle_anchor: { type: 'now' } });
    expect(changed.items.data[0]?.current_period_start).toBeGreaterThanOrEqual(half);
    const response = await fetch(`${simulator.url}/v1/subscriptions/${subscription.id}`, {
      method: 'POST',
      headers: { authorization: 'Bearer sk_test_made_up_for_specs' },
      body: new URLSearchParams({ billing_cycle_anchor: 'now' }),
    });
    expect(response.status).toBe(400);
  });

  it('adds and removes items, each for its part of the period', async () => {
    const { stripe } = simulator;
    const { subscription, customer, half, item } = await halfway();
    const changed = await stripe.subscriptions.update(subscription.id, {
      items: [
        { id: item, deleted: true },
        { price: 'price_elite_monthly', quantity: 2 },
      ],
      proration_behavior: 'always_invoice',
      proration_date: half,
    });
    expect(changed.items.data).toMatchObject([{ price: { id: 'price_elite_monthly' }, quantity: 2 }]);
    expect(endOf(changed)).toBe(endOf(subscription));
    const invoice = await latestInvoice(simulator, customer.id);
    expect(invoice.lines.data.map(({ amount }) => amount)).toEqual([-500, 2999]);
  });

  it.each([
    ['before the period', -60 * day],
    ['after the period', 60 * day],
  ])('is refused with a proration date %s', async (_name, offset) => {
    const { subscription, half, to } = await halfway();
    const items = to('price_elite_monthly');
    await expect(
      simulator.stripe.subscriptions.update(subscription.id, { items, proration_date: half + offset }),
    ).rejects.toMatchObject({ statusCode: 400, param: 'proration_date' });
  });

  it('is refused where nothing would be left, or intervals would be mixed', async () => {
    const { subscription, item } = await halfway();
    const update = (items: Stripe.SubscriptionUpdateParams.Item[]) =>
      simulator.stripe.subscriptions.update(subscription.id, { items });
    await expect(update([{ id: item, deleted: true }])).rejects.toMatchObject({ param: 'items' });
    await expect(update([{ price: 'price_pro_yearly' }])).rejects.toMatchObject({ param: 'items' });
  });

  describe('that must be paid first', () => {
    /** Halfway through Pro, with a card that asks for 3-D Secure every time. */
    const unpaidUpgrade = async () => {
      const made = await halfway();
      const { location } = await changeCard(simulator, made.customer.id, cards.authenticatesAlways);
      await authenticate(simulator, location, 'complete');
      const update = await simulator.stripe.subscriptions.update(made.subscription.id, {
        items: made.to('price_elite_monthly'),
        proration_behavior: 'always_invoice',
        proration_date: made.half,
        payment_behavior: 'pending_if_incomplete',
      });
      return { ...made, update };
    };
    const retrieve = (id: string) => simulator.stripe.subscriptions.retrieve(id);

    it('is pending until it is paid, and the old price stands', async () => {
      const { update, customer } = await unpaidUpgrade();
      expect(update).toMatchObject({
        status: 'active',
        items: { data: [{ price: { id: 'price_pro_monthly' } }] },
        pending_update: { subscription_items: [{ price: { id: 'price_elite_monthly' } }] },
      });
      expect(await latestInvoice(simulator, customer.id)).toMatchObject({ status: 'open', next_payment_attempt: null });
    });

    it('is applied once the customer has paid', async () => {
      const { subscription, customer } = await unpaidUpgrade();
      const invoice = await latestInvoice(simulator, customer.id);
      const { location } = await submit(invoice.hosted_invoice_url ?? '', {});
      await authenticate(simulator, location, 'complete');
      expect(await retrieve(subscription.id)).toMatchObject({
        pending_update: null,
        items: { data: [{ price: { id: 'price_elite_monthly' }, current_period_end: endOf(subscription) }] },
      });
      expect((await typesAbout(simulator, subscription.id)).slice(-2)).toEqual([
        'customer.subscription.updated',
        'customer.subscription.pending_update_applied',
      ]);
    });

    it('is dropped after 23 hours, and its invoice voided', async () => {
      const { subscription, customer, update } = await unpaidUpgrade();
      await advance(simulator, { to: update.pending_update?.expires_at ?? 0 });
      expect(await retrieve(subscription.id)).toMatchObject({
        status: 'active',
        pending_update: null,
        items: { data: [{ price: { id: 'price_pro_monthly' } }] },
      });
      expect(await latestInvoice(simulator, customer.id)).toMatchObject({ status: 'void' });
      expect((await typesAbout(simulator, subscription.id)).slice(-3)).toEqual([
        'invoice.voided',
        'customer.subscription.updated',
        'customer.subscription.pending_update_expired',
      ]);
    });

    it('needs nothing pending when the card just pays', async () => {
      const { subscription, to } = await halfway();
      const changed = await simulator.stripe.subscriptions.update(subscription.id, {
        items: to('price_elite_monthly'),
        proration_behavior: 'always_invoice',
        payment_behavior: 'pending_if_incomplete',
      });
      expect(changed).toMatchObject({
        pending_update: null,
        items: { data: [{ price: { id: 'price_elite_monthly' } }] },
      });
    });

    it('refuses what cannot wait beside it', async () => {
      const { subscription, to } = await halfway();
      await expect(
        simulator.stripe.subscriptions.update(subscription.id, {
          items: to('price_elite_monthly'),
          payment_behavior: 'pending_if_incomplete',
          metadata: { tier: '2' },
        }),
      ).rejects.toMatchObject({ statusCode: 400, param: 'metadata' });
    });
  });

  it('is not made at all by error_if_incomplete when the card does not pay', async () => {
    const { subscription, customer, to } = await halfway();
    await changeCard(simulator, customer.id, cards.failsWhenCharged);
    await expect(
      simulator.stripe.subscriptions.update(subscription.id, {
        items: to('price_elite_monthly'),
        proration_behavior: 'always_invoice',
        payment_behavior: 'error_if_incomplete',
      }),
    ).rejects.toMatchObject({ statusCode: 402 });
    const after = await simulator.stripe.subscriptions.retrieve(subscription.id);
    expect(after.items.data[0]?.price.id).toBe('price_pro_monthly');
  });

  describe('and previews', () => {
    const preview = (params: Stripe.InvoiceCreatePreviewParams) => simulator.stripe.invoices.createPreview(params);

    it('show the next renewal, or what recurs, or what an end now gives back', async () => {
      const { subscription, half } = await halfway();
      const { id } = subscription;
      const renewal = await preview({ subscription: id });
      expect(renewal).toMatchObject({ total: 999, billing_reason: 'subscription_cycle', status: 'draft' });
      expect(renewal.lines.data[0]?.period.start).toBe(endOf(subscription));
      const recurring = await preview({
        subscription: id,
        preview_mode: 'recurring',
        subscription_details: { items: [{ id: subscription.items.data[0]?.id ?? '', price: 'price_elite_monthly' }] },
      });
      expect(recurring.total).toBe(2999);
      const cancelled = await preview({
        subscription: id,
        subscription_details: { cancel_now: true, proration_date: half },
      });
      expect([cancelled.total, total(cancelled)]).toEqual([-500, -500]);
    });

    it('show the first invoice of a subscription there is not yet', async () => {
      const customer = await customerWith(simulator, null);
      const first = await preview({
        customer: customer.id,
        subscription_details: { items: [{ price: 'price_elite_yearly' }] },
      });
      expect(first).toMatchObject({ total: 29_900, billing_reason: 'subscription_create' });
    });

    it('are not to be had where nothing is coming', async () => {
      const { subscription } = await halfway();
      await simulator.stripe.subscriptions.update(subscription.id, { cancel_at_period_end: true });
      await expect(preview({ subscription: subscription.id })).rejects.toMatchObject({ code: 'invoice_upcoming_none' });
    });
  });
});

it('a part of a period costs whole cents, and never more than the whole of it', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 10_000_000 }),
      fc.integer({ min: 1, max: 40_000_000 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (amount, length, part) => {
        const period = { start: 1_700_000_000, end: 1_700_000_000 + length };
        const at = period.start + Math.floor(length * part);
        const share = shareOf(amount, period, at);
        expect(Number.isInteger(share)).toBe(true);
        expect(share).toBeGreaterThanOrEqual(0);
        expect(share).toBeLessThanOrEqual(amount);
      },
    ),
  );
});
