import type { BillingCycle, SubscriptionView } from '@billhook/contracts';
import { samples } from '@billhook/contracts';
import { waitFor } from '@billhook/testing';
import { anAccount } from './running-gateway.spec-support.js';
import type { TestGateway } from './running-gateway.spec-support.js';
import { idOf } from './simulator.spec-support.js';
import type { TestBrowser } from './test-browser.spec-support.js';

/** Somebody who has paid for a plan, and whose account shows it, at version 1. */
export interface Subscriber {
  user: TestBrowser;
  customerId: string;
  subscriptionId: string;
  itemId: string;
  periodEnd: Date;
  /** Announces the subscription as it would be after an event, and waits until the gateway has heard of it. */
  announce: (version: number, changes?: Partial<SubscriptionView>) => Promise<void>;
}

export interface Plan {
  tier: 1 | 2;
  billing_cycle: BillingCycle;
}

export async function subscribe(
  gateway: TestGateway,
  userId: string,
  plan: Plan = { tier: 1, billing_cycle: 'monthly' },
): Promise<Subscriber> {
  const { stripe } = gateway.simulator;
  const user = await gateway.as(userId, { email: `${userId}@example.com` });
  const { json } = await user.api('POST', '/v1/checkout-sessions', plan);
  await gateway.simulator.pay(String(json['url']));
  const session = await stripe.checkout.sessions.retrieve(String(json['id']));
  const subscription = await stripe.subscriptions.retrieve(idOf(session.subscription));
  const item = subscription.items.data[0];
  const sample = samples['billing.account.changed'].subscription;
  if (sample === null || item === undefined)
    throw new Error('the golden account and a paid session have a subscription');
  const view = { ...sample, id: subscription.id, price_id: item.price.id, ...plan };
  const announce = async (version: number, changes: Partial<SubscriptionView> = {}): Promise<void> => {
    const now = { ...view, ...changes };
    await gateway.announce(anAccount(userId, { version, tier: now.tier ?? plan.tier, subscription: now }));
    await waitFor('the account', async () => (await user.api('GET', '/v1/account')).json['version'] === version);
  };
  await announce(1);
  return {
    user,
    customerId: idOf(subscription.customer),
    subscriptionId: subscription.id,
    itemId: item.id,
    periodEnd: new Date(item.current_period_end * 1000),
    announce,
  };
}
