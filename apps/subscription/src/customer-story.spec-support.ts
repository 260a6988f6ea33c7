import {
  aCheckoutSession,
  anInvoice,
  aPrice,
  aStripeEvent,
  aSubscription,
  aSubscriptionItem,
  started,
  subscriptionParent,
} from '@billhook/testing';
import type { StripeEventBody } from '@billhook/testing';
import type Stripe from 'stripe';

/** Events around one customer with one subscription. Seconds count from the builders' beginning. */
export class CustomerStory {
  readonly userId: string;
  readonly customerId: string;
  readonly subscriptionId: string;
  private count = 0;

  /** `metadata` is what Stripe's objects say of the user; by default our own. */
  constructor(
    readonly name: string,
    private readonly metadata: Stripe.Metadata = { user_id: `user-${name}` },
  ) {
    this.userId = `user-${name}`;
    this.customerId = `cus_${name}`;
    this.subscriptionId = `sub_${name}`;
  }

  subscription(overrides: Partial<Stripe.Subscription> = {}): Stripe.Subscription {
    const { subscriptionId: id, customerId: customer, metadata } = this;
    return aSubscription({ id, customer, metadata, ...overrides });
  }

  onPrice(priceId: string, overrides: Partial<Stripe.Subscription> = {}): Stripe.Subscription {
    const items = {
      object: 'list',
      data: [aSubscriptionItem({ price: aPrice({ id: priceId }) })],
      has_more: false,
      url: '',
    } as const;
    return this.subscription({ ...overrides, items: { ...items, data: [...items.data] } });
  }

  created(second = 0, subscription = this.subscription()): StripeEventBody {
    return this.event('customer.subscription.created', subscription, second);
  }

  updated(second: number, subscription: Stripe.Subscription, previousAttributes: object): StripeEventBody {
    return this.event('customer.subscription.updated', subscription, second, previousAttributes);
  }

  deleted(second: number): StripeEventBody {
    return this.event(
      'customer.subscription.deleted',
      this.subscription({ status: 'canceled', ended_at: started + second }),
      second,
    );
  }

  checkedOut(second = 0): StripeEventBody {
    const { customerId: customer, subscriptionId: subscription, metadata } = this;
    return this.event('checkout.session.completed', aCheckoutSession({ customer, subscription, metadata }), second);
  }

  invoice(
    type:
      'paid' | 'payment_succeeded' | 'payment_failed' | 'payment_action_required' | 'voided' | 'marked_uncollectible',
    overrides: Partial<Stripe.Invoice> = {},
  ): StripeEventBody {
    const { customerId: customer, subscriptionId, metadata } = this;
    const parent = subscriptionParent(subscriptionId, metadata);
    return this.event(`invoice.${type}`, anInvoice({ id: `in_${this.name}`, customer, parent, ...overrides }), 1);
  }

  event(type: string, object: object, second: number, previousAttributes?: object): StripeEventBody {
    this.count += 1;
    const id = `evt_${this.name}_${this.count}`;
    return aStripeEvent(type, object, {
      id,
      created: started + second,
      ...(previousAttributes && { previousAttributes }),
    });
  }
}
