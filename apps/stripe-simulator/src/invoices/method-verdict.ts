import { hasNoMethod, verdictOn } from '../payments/verdict.js';
import type { Verdict } from '../payments/verdict.js';
import { lastFourOf } from '../customers/payment-method.js';
import type { World } from '../world/world.js';

/** What would come of charging a saved payment method now, without doing it. */
export function verdictOnMethod(world: World, methodId: string | null): Verdict {
  const method = world.paymentMethods.get(methodId ?? '');
  if (method === undefined) return hasNoMethod;
  const isSetUp = world.authenticated.has(method.id);
  return verdictOn({ ...lastFourOf(method), purpose: 'charge', hasAuthenticated: false, isSetUp });
}
