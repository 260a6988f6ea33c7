import { describe, expect, it } from '@jest/globals';
import Stripe from 'stripe';
import { signStripe } from '../sign-stripe.js';
import { anInvoice } from './an-invoice.js';
import { aStripeEvent } from './a-stripe-event.js';
import { aSubscription } from './a-subscription.js';

const secret = 'whsec_made_up_for_specs';
const { webhooks } = new Stripe('sk_test_made_up_for_specs');

describe('a signed event', () => {
  const body = JSON.stringify(aStripeEvent('customer.subscription.created', aSubscription()));

  it("is accepted by Stripe's own library", () => {
    expect(webhooks.constructEvent(body, signStripe(body, secret), secret).type).toBe('customer.subscription.created');
  });

  it('is refused when another secret, another body or an old moment was signed', () => {
    const longAgo = new Date(Date.now() - 301_000);
    expect(() => webhooks.constructEvent(body, signStripe(body, 'whsec_other'), secret)).toThrow(/signature/);
    expect(() => webhooks.constructEvent(`${body} `, signStripe(body, secret), secret)).toThrow(/signature/);
    expect(() => webhooks.constructEvent(body, signStripe(body, secret, longAgo), secret)).toThrow(/tolerance/);
  });
});

it('builders carry an overridden id into what refers to it', () => {
  expect(aSubscription({ id: 'sub_9' }).items.data[0]?.subscription).toBe('sub_9');
  expect(anInvoice({ id: 'in_9' }).lines.data[0]?.invoice).toBe('in_9');
});
