import { inTransaction } from '@billhook/database';
import { Outbox } from '@billhook/messaging';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type Stripe from 'stripe';
import { announcement, eventSource } from '../announcement.js';
import { CustomerStore } from '../checkout/customer.store.js';
import { GatewayConfig } from '../config.js';
import { Deadline, requestMs } from '../deadline.js';
import type { Caller } from '../sign-in/caller.js';
import { StripeBilling } from '../stripe-billing.client.js';
import { LiveSubscriptions, noSubscription } from './live-subscription.client.js';

/** Which page of the portal is opened: its start, or the one thing that the customer came for. */
export const portalFlows = ['payment_method', 'cancel', 'update'] as const;
export type PortalFlow = (typeof portalFlows)[number];

/** Where the portal leads back to; a free address would make it an open redirect. */
export const returnPlaces = ['profile', 'pricing', 'dashboard'] as const;
export type ReturnPlace = (typeof returnPlaces)[number];

/** Stripe's customer portal. */
@Injectable()
export class Portal {
  constructor(
    private readonly dataSource: DataSource,
    private readonly stripe: StripeBilling,
    private readonly customers: CustomerStore,
    private readonly live: LiveSubscriptions,
    private readonly outbox: Outbox,
    private readonly config: GatewayConfig,
  ) {}

  /**
   * The address of the portal. Throws Refused no_subscription for who has never been to Checkout, and for who wants to cancel
   * or to change what is not there.
   */
  async open(caller: Caller, flow: PortalFlow | null, returnTo: ReturnPlace): Promise<string> {
    const deadline = new Deadline(requestMs, Date.now);
    const customerId = await this.customers.customerIdOf(this.dataSource.manager, caller.userId);
    if (customerId === null) throw noSubscription();
    const return_url = this.addressOf(returnTo);
    const flowData = flow === null ? null : await this.flowData(caller, flow, { deadline, return_url });
    const url = await this.stripe.createPortalSession(
      { customer: customerId, return_url, ...(flowData && { flow_data: flowData }) },
      deadline,
    );
    const data = { user_id: caller.userId, customer_id: customerId };
    const event = announcement(caller, { type: 'billing.portal.opened', data }, { at: new Date() });
    await inTransaction(this.dataSource, (manager) => this.outbox.append(manager, eventSource, [event]));
    return url;
  }

  private addressOf(place: ReturnPlace): string {
    return place === 'dashboard' ? this.config.DASHBOARD_URL : `${this.config.PUBLIC_URL}/${place}`;
  }

  private async flowData(
    caller: Caller,
    flow: PortalFlow,
    { deadline, return_url }: { deadline: Deadline; return_url: string },
  ): Promise<Stripe.BillingPortal.SessionCreateParams.FlowData> {
    const after_completion = { type: 'redirect', redirect: { return_url } } as const;
    if (flow === 'payment_method') return { type: 'payment_method_update', after_completion };
    const subscription = await this.live.find(this.dataSource, caller, deadline);
    if (subscription === null) throw noSubscription();
    return flow === 'cancel'
      ? { type: 'subscription_cancel', subscription_cancel: { subscription: subscription.id }, after_completion }
      : { type: 'subscription_update', subscription_update: { subscription: subscription.id }, after_completion };
  }
}
