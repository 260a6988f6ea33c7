import type Stripe from 'stripe';
import { voidInvoice } from '../invoices/collect.js';
import { idOf } from '../world/ids.js';
import type { World } from '../world/world.js';
import { saveSubscription } from './lifecycle.js';

/** Nobody paid for an upgrade or a resumption in time: its invoice is voided and all stays as it was. */
export function expireAwaited(world: World, subscription: Stripe.Subscription): void {
  const awaited = world.awaitingPayment.get(subscription.id);
  world.awaitingPayment.delete(subscription.id);
  const invoice = world.invoices.get(idOf(subscription.latest_invoice) ?? '');
  if (invoice?.status === 'open') voidInvoice(world, invoice);
  if (awaited?.kind === 'resumption') return;
  const expired = saveSubscription(world, { ...subscription, pending_update: null });
  world.emit('customer.subscription.pending_update_expired', expired);
}
