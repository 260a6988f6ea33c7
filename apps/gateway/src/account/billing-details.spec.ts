import { aCustomer, anInvoice, aPrice, aSubscription, aSubscriptionItem, subscriptionParent } from '@billhook/testing';
import { describe, expect, it, test } from '@jest/globals';
import type Stripe from 'stripe';
import { methodOf, priceOfItem, toInvoices } from './billing-details.js';
import { aCard, aMethod } from './payment-method.spec-support.js';

const paying = (default_payment_method: ReturnType<typeof aMethod> | string | null) =>
  aCustomer({ invoice_settings: { ...aCustomer().invoice_settings, default_payment_method } });

describe('how somebody pays', () => {
  it('is the subscription’s own method, and the customer’s where it has none', () => {
    const own = aSubscription({ default_payment_method: aMethod(aCard({ last4: '1111' })) });
    const customer = paying(aMethod(aCard({ last4: '2222' })));
    expect(methodOf(own, customer)).toMatchObject({ kind: 'card', lastFour: '1111' });
    expect(methodOf(aSubscription(), customer)).toMatchObject({ kind: 'card', lastFour: '2222' });
    expect(methodOf(null, customer)).toMatchObject({ kind: 'card', lastFour: '2222' });
  });

  it('is not told where Stripe does not say it whole, of a deleted customer, and of one without any', () => {
    expect(methodOf(null, paying('pm_1'))).toBeNull();
    expect(methodOf(null, paying(null))).toBeNull();
    expect(methodOf(null, { id: 'cus_1', object: 'customer', deleted: true })).toBeNull();
  });

  it('may be something else than a card', () => {
    expect(methodOf(null, paying({ ...aMethod(aCard()), type: 'us_bank_account' }))).toEqual({
      kind: 'other',
      type: 'us_bank_account',
    });
  });
});

describe('invoices', () => {
  it('are shown once they are out, with Stripe’s page for each', () => {
    const [shown, ...others] = toInvoices([
      anInvoice({ status: 'draft', number: null }),
      anInvoice({ parent: null, number: 'A-0001', total: 999, hosted_invoice_url: 'https://invoice.example.com/i/1' }),
    ]);
    expect(others).toEqual([]);
    expect(shown).toMatchObject({
      number: 'A-0001',
      subscriptionId: null,
      amount: 999,
      url: 'https://invoice.example.com/i/1',
    });
  });
});

describe('an invoice', () => {
  it('is of the subscription that it names, whether Stripe names it or sends it whole', () => {
    const of = (subscription: string | Stripe.Subscription) =>
      toInvoices([
        anInvoice({ parent: { ...subscriptionParent('sub_7'), subscription_details: { metadata: {}, subscription } } }),
      ]).map(({ subscriptionId }) => subscriptionId);
    expect(of('sub_7')).toEqual(['sub_7']);
    expect(of(aSubscription({ id: 'sub_7' }))).toEqual(['sub_7']);
  });
});

describe('the price', () => {
  const priced = (...amounts: (number | null)[]) => {
    const { items } = aSubscription();
    const data = amounts.map((unit_amount) => aSubscriptionItem({ price: aPrice({ unit_amount }) }));
    return { items: { ...items, data } };
  };

  test.each([
    ['of one item', [777], { amount: 777, currency: 'usd' }],
    ['of none', [], null],
    ['of two', [777, 888], null],
    ['in tiers', [null], null],
  ])('%s', (_, amounts, price) => {
    expect(priceOfItem(priced(...amounts))).toEqual(price);
  });
});
