import type Stripe from 'stripe';

/**
 * What Stripe is asked to sell. The metadata stands on the session and on the subscription, so that each of their events says
 * whose it is even before the customer's mapping has been heard of.
 */
export function checkoutParams(
  purchase: {
    caller: { userId: string };
    choice: { tier: number; billingCycle: string };
    priceId: string;
    customerId: string;
    trialDays: number;
  },
  publicUrl: string,
): Stripe.Checkout.SessionCreateParams {
  const { caller, choice, priceId, customerId, trialDays } = purchase;
  const metadata = { user_id: caller.userId, tier: String(choice.tier), billing_cycle: choice.billingCycle };
  return {
    mode: 'subscription',
    customer: customerId,
    client_reference_id: caller.userId,
    line_items: [{ price: priceId, quantity: 1 }],
    allow_promotion_codes: true,
    metadata,
    // Without a trial Stripe takes no number of days at all, 0 least.
    subscription_data: { metadata, ...(trialDays > 0 && { trial_period_days: trialDays }) },
    // Stripe puts the id in place of these braces, so they must not be encoded.
    success_url: `${publicUrl}/payment/success?session_id={CHECKOUT_SESSION_ID}`,
    cancel_url: `${publicUrl}/payment/canceled`,
  };
}
