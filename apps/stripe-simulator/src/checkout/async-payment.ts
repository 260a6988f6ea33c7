import type Stripe from 'stripe';
import type { World } from '../world/world.js';

/** The bank has answered: the session that its debit came from says so. */
export function settleSession(world: World, invoice: string, isPaid: boolean): void {
  const session = [...world.checkoutSessions.values()].find((row) => row.invoice === invoice);
  if (session?.payment_status !== 'unpaid') return;
  const settled: Stripe.Checkout.Session = { ...session, payment_status: isPaid ? 'paid' : 'unpaid' };
  world.checkoutSessions.set(settled.id, settled);
  const outcome = isPaid ? 'checkout.session.async_payment_succeeded' : 'checkout.session.async_payment_failed';
  world.emit(outcome, settled, { cause: { id: null, idempotencyKey: null } });
}
